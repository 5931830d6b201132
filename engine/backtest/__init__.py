"""The exchange behind the desk, on a clock that is moved."""
