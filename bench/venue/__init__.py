"""The measuring venue: a process of its own that answers as fast as it can."""
