"""What happened on the path, as plain integers that metrics and summaries read."""


class Counters:
    """Totals since the start; only the trading loop writes them."""

    def __init__(self) -> None:
        self.frames = 0
        self.book_updates = 0
        self.bad_frames = 0
        self.unknown_frames = 0
        self.stale_updates = 0
        self.gaps = 0
        self.trades = 0
        self.orders = 0
        self.acks = 0
        self.fills = 0
        self.cancels = 0
        self.replaces = 0
        self.rejects = 0
        self.cancel_rejects = 0
        self.risk_denials = 0
        self.reports = 0
        self.duplicates = 0
        self.unknown_reports = 0
        self.denials_by_code: dict[int, int] = {}
        self.rejects_by_reason: dict[int, int] = {}
        self.refusals_by_reason: dict[int, int] = {}  # of the venue's messages, by SessionRejectReason(373)
