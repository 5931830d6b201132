"""How often something may be done: `TokenBucket` and `DuplicateWindow`, compiled in `_rate`."""

from engine._rate import DuplicateWindow, TokenBucket

__all__ = ["DuplicateWindow", "TokenBucket"]
