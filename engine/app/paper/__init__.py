"""Paper trading: a live feed, the same desk, and an exchange in this process instead of the venue."""
