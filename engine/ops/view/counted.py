"""What a view counts since the start."""

from engine.ops.view.account import Row

COUNTER_ROWS: tuple[Row, ...] = (
    ("frames", "q", "market-data frames received"),
    ("book_updates", "q", "frames that changed a book"),
    ("bad_frames", "q", "frames that could not be read"),
    ("unknown_frames", "q", "frames of an unknown type or market"),
    ("stale_updates", "q", "updates refused by a stale book"),
    ("gaps", "q", "losses seen in a feed sequence"),
    ("trades", "q", "public trades"),
    ("orders", "q", "new orders sent"),
    ("acks", "q", "orders acknowledged"),
    ("fills", "q", "fills"),
    ("cancels", "q", "orders cancelled or expired"),
    ("replaces", "q", "orders replaced"),
    ("rejects", "q", "orders refused by the venue"),
    ("cancel_rejects", "q", "cancels and replaces refused by the venue"),
    ("risk_denials", "q", "requests denied by risk"),
    ("reports", "q", "messages received about orders"),
    ("duplicates", "q", "reports that repeat one already applied"),
    ("unknown_reports", "q", "messages that no rule understands"),
)
