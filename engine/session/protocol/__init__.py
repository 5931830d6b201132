"""The session protocol: bytes and time in, bytes and events out. No socket, no clock, no order."""
