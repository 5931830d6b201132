"""What a REST client has done since it was made: plain numbers for status and metrics.

Units   ns, bytes, or requests where nothing else is said.
Thread  the loop thread only.
"""

MOST_CODES = 64  # a venue that invents codes makes no more names than these
OTHER_CODES = "other"


class RestCounts:
    """Counts of one client. A request is one that was sent, each retry counting as one."""

    __slots__ = (
        "answer_ns", "audited", "bytes_in", "bytes_out", "errors", "hits", "in_flight", "last_error", "last_error_ns",
        "limited", "misses", "refused", "renewal_failures", "renewals", "requests", "retries", "shared", "slowest_ns",
        "stale", "timeouts", "unknown", "wait_ns", "waiting", "waits", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.requests = 0
        self.writes = 0  # of the requests
        self.in_flight = 0  # now
        self.answer_ns = 0  # from sending to the end of the answer, in all
        self.slowest_ns = 0
        self.bytes_in = 0  # of bodies
        self.bytes_out = 0
        self.hits = 0  # reads that the cache answered
        self.misses = 0  # reads that it might have answered
        self.stale = 0  # reads that an old answer had to answer
        self.shared = 0  # reads that another's answer answered
        self.waiting = 0  # now, for tokens or their turn
        self.waits = 0
        self.wait_ns = 0
        self.refused = 0  # by ourselves: too many waited, or for too long
        self.retries = 0
        self.limited = 0  # refused by the venue for their rate
        self.timeouts = 0
        self.unknown = 0  # writes whose outcome nobody knows
        self.renewals = 0  # of the credential
        self.renewal_failures = 0
        self.audited = 0  # records handed to the audit log
        self.last_error = ""  # in words,
        self.last_error_ns = 0  # and when that was, since 1970
        self.errors: dict[str, int] = {}  # by the venue's code, or else by the kind of failure

    def count_error(self, code: str) -> None:
        """Count a failure under its code."""
        if code not in self.errors and len(self.errors) >= MOST_CODES:
            code = OTHER_CODES
        self.errors[code] = self.errors.get(code, 0) + 1
