"""The fields of one inbound message; the compiled module behind it is `_fields.pyx`."""

from engine.session._fields import DATA_PAIRS, Fields

__all__ = ["DATA_PAIRS", "Fields"]
