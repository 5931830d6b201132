"""The fields of one inbound message, as everything outside the wire layer sees them."""

from engine.session._fields import Fields

__all__ = ["Fields"]
