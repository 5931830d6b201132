"""The FIX codec: parses and writes tag=value text, whatever it means. The modules are compiled."""

from engine.codec._data_fields import DATA_FIELDS
from engine.codec._encode import FrameEncoder
from engine.codec._fields import Fields
from engine.codec._frame import GARBLED, Frame, FrameReader
from engine.codec._template import Template
from engine.codec._timestamp import TimestampFormat, parse_timestamp

__all__ = [
    "DATA_FIELDS",
    "GARBLED",
    "Fields",
    "Frame",
    "FrameEncoder",
    "FrameReader",
    "Template",
    "TimestampFormat",
    "parse_timestamp",
]
