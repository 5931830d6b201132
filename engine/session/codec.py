"""The FIX codec, all of it that is public; the compiled modules stand beside this file."""

from engine.session._body import OrderEncoder, Template
from engine.session._data_pairs import DATA_PAIRS
from engine.session._decode import decode_report
from engine.session._encode import FrameEncoder
from engine.session._fields import Fields
from engine.session._frame import GARBLED, Frame, FrameReader
from engine.session._timestamp import TimestampFormat, parse_timestamp

__all__ = [
    "DATA_PAIRS",
    "GARBLED",
    "Fields",
    "Frame",
    "FrameEncoder",
    "FrameReader",
    "OrderEncoder",
    "Template",
    "TimestampFormat",
    "decode_report",
    "parse_timestamp",
]
