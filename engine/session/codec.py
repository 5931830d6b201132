"""The FIX codec, all of it that is public; the compiled modules stand beside this file."""

from engine.session._data_pairs import DATA_PAIRS
from engine.session._fields import Fields
from engine.session._timestamp import TimestampFormat, parse_timestamp

__all__ = ["DATA_PAIRS", "Fields", "TimestampFormat", "parse_timestamp"]
