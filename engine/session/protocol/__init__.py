"""The session protocol: bytes and time in, bytes and events out, without a socket or a clock."""
