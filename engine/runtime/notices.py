"""What was refused, dropped, lost or not understood, on either side: told to people, counted for machines.

Each kind has its line in the log once a minute, with the counterparty's own words; what came between is counted and
told afterwards. The count, the last text and its time stand in `status` and in the metrics.

Units   times in ns since 1970.
Errors  none: telling never fails what it tells about.
Thread  the loop thread only.
"""

from collections.abc import Callable
from enum import StrEnum

QUIET_NS = 60_000_000_000
MAX_TEXT = 500  # of a text that a counterparty chose


class NoticeKind(StrEnum):
    """What can happen that nobody asked for; the value is its name in logs, `status` and metrics."""

    MARKET_STOPPED = "market_stopped"  # a market takes no new orders from now on
    MARKET_RESUMED = "market_resumed"
    SESSION_REFUSED = "session_refused"  # a message of the venue that the session could not take
    VENUE_REFUSED = "venue_refused"  # Reject(3) or BusinessMessageReject(j) of what we sent
    SESSION_ALERT = "session_alert"  # the session protocol was broken, or ended over an error
    SESSION_GARBLED = "session_garbled"  # bytes of the venue that are no message, ignored as the standard asks
    SESSION_LOST = "session_lost"  # the session was up and is not any more
    SESSION_GAP = "session_gap"  # messages of the venue are missing and asked for, or are skipped by its word
    SESSION_RESENT = "session_resent"  # the venue asked for messages of ours again
    SESSION_RESET = "session_reset"  # numbers of a session begin anew, or go on elsewhere
    SESSION_STRANGER = "session_stranger"  # a connection that did not become a session
    LOGON_FAILED = "logon_failed"
    LOGON_STORM = "logon_storm"  # so many that the attempts are slowed down
    LINES_LEFT_OUT = "lines_left_out"  # of the log, because a peer caused too many
    VIEW_LOST = "view_lost"  # status and metrics have nothing to show any more
    LOG_LOST = "log_lost"  # lines of the log that nobody has: not written, left out, or silenced by other code
    AUDIT_LOST = "audit_lost"  # records of what was said to the venue or by it
    RECORD_LOST = "record_lost"  # frames of the feed that were not recorded
    METRICS_LOST = "metrics_lost"  # their process ended; it is started again
    BOOK_CONTRADICTED = "book_contradicted"  # an update that cannot be
    BOOK_CROSSED = "book_crossed"  # for longer than its bound
    BOOK_DIFFERS = "book_differs"  # from the one that the venue tells when it is asked, twice
    TRADES_LATE = "trades_late"  # public ones of while the feed was away, fetched and told afterwards
    TRADES_LOST = "trades_lost"  # those of them that could not be had
    FEED_IN_TIME = "feed_in_time"
    FEED_LATE = "feed_late"  # it runs behind the venue for longer than its bound
    BLOCK_TRADE = "block_trade"  # a trade beside the book, which no strategy is told as one of it
    FEE_CHANGED = "fee_changed"  # the venue charges something else for a market of ours
    FRAME_REPEATED = "frame_repeated"
    FRAME_UNREADABLE = "frame_unreadable"
    FRAMES_LOST = "frames_lost"  # numbers of a stream that never came
    LEVEL_DOUBLED = "level_doubled"  # a price twice in one snapshot
    LEVEL_OFF_GRID = "level_off_grid"  # a price that the market should not have
    LEVEL_STRAY = "level_stray"  # on a stream that does not carry its market
    MARKET_STATE = "market_state"  # the venue opens, pauses, closes, decides or pays a market
    MARKET_UNKNOWN = "market_unknown"  # a frame about a market that was not asked for
    MESSAGE_UNKNOWN = "message_unknown"
    SUBSCRIPTION_REFUSED = "subscription_refused"
    MARKET_SETTLED = "market_settled"  # what a contract turned out to be worth was paid
    MARKET_LISTED = "market_listed"  # a market is traded from now on
    MARKET_FORGOTTEN = "market_forgotten"  # it is over, and nothing of ours is in it
    MARKET_UNUSABLE = "market_unusable"  # one that is wanted and cannot be traded
    MARKETS_LEFT_OUT = "markets_left_out"  # more are wanted than there may be, or one is listed no more
    POSITION_RESTATED = "position_restated"  # what is held is by a person's or the venue's word, and by no fill
    SETTLEMENT_WRONG = "settlement_wrong"  # at a price that cannot be, or at another one than before; nothing was paid
    CONTROL_REFUSED = "control_refused"  # somebody at the control socket who asks for nothing, too much or too slowly
    LOOP_HELD = "loop_held"  # something kept the loop from turning for longer than watchdog.warn_after
    ORDER_IN_DOUBT = "order_in_doubt"  # something contradicts what we know of an order
    ACCOUNT_CONTRADICTED = "account_contradicted"  # the feed tells of our account what FIX has not told
    FILL_CONTRADICTED = "fill_contradicted"  # the report of a fill tells of a position or cash that is not ours
    OPTION_REFUSED = "option_refused"  # an order asked for what its venue does not offer; it was denied
    ORDER_GROUP = "order_group"  # the venue says what became of one; where it was triggered its orders are cancelled
    ORDER_WAY = "order_way"  # orders go over REST while FIX is down, or over FIX again
    CASH_DIFFERS = "cash_differs"  # the venue's cash is not what our fills, fees and flows make
    CASH_MOVED = "cash_moved"  # a deposit, a withdrawal or a transfer
    ACCOUNT_DIFFERS = "account_differs"  # the venue's orders, fills or positions are not what we knew
    COPY_CONTRADICTED = "copy_contradicted"  # a copy of our reports tells what the session of orders has not told
    REPORT_RECOVERED = "report_recovered"  # a fill or an end that the session of orders missed, booked from a copy
    FURTHER_SESSION = "further_session"  # one beside that of orders was lost, or refused, or could not do its work
    REST_TROUBLE = "rest_trouble"  # the venue's REST interface failed, was slow, or could not be asked
    ANSWER_ODD = "answer_odd"  # something in an answer of REST that was not understood, and what was made of it
    EXEC_ID_REPEATED = "exec_id_repeated"  # another execution under an ExecID(17) that was used before; it counted
    REPORT_ROUNDED = "report_rounded"  # a field of a report that decides nothing was rounded or left out
    REQUEST_REFUSED = "request_refused"  # the venue refused an order, a replace or a cancel, with its own text
    STATE_LOST = "state_lost"  # what a strategy saved is not used, or cannot be saved
    LIMIT_NEAR = "limit_near"  # four fifths of a limit are used
    LIMIT_CHANGED = "limit_changed"  # a limit is not as the configuration says, or is so again
    CHANGED_BY_VENUE = "changed_by_venue"  # an order was changed, suspended or ended, or a fill taken back, unasked


class Notice:
    """All that was told of one kind: how often, and the last text with its time."""

    def __init__(self, kind: NoticeKind) -> None:
        self.kind = kind
        self.count = 0
        self.text = ""
        self.wall_ns = 0
        self.logged_ns = 0  # when the last line was written
        self.unlogged = 0  # how many came after it


class Notices:
    """Every kind that was told since the start; `log` takes each line."""

    def __init__(self, wall_ns: Callable[[], int], log: Callable[[str], object]) -> None:
        self._wall_ns = wall_ns
        self._log = log
        self._notices: dict[NoticeKind, Notice] = {}

    def tell(self, kind: NoticeKind, text: str) -> None:
        """Count one occurrence; log it unless its kind was logged less than a minute ago."""
        notice = self._notices.get(kind) or self._notices.setdefault(kind, Notice(kind))
        notice.count += 1
        notice.text = _in_one_line(text[:MAX_TEXT])
        notice.wall_ns = self._wall_ns()
        if notice.logged_ns and 0 <= notice.wall_ns - notice.logged_ns < QUIET_NS:  # below 0: the clock went back
            notice.unlogged += 1
        else:
            self._write(notice)

    def tick(self) -> None:
        """Log what came since the last line of a kind, once its minute is over."""
        now_ns = self._wall_ns()
        for notice in self._notices.values():
            if notice.unlogged and not 0 <= now_ns - notice.logged_ns < QUIET_NS:
                self._write(notice)

    def _write(self, notice: Notice) -> None:
        more = f" ({notice.unlogged} more since the last line)" if notice.unlogged else ""
        notice.logged_ns, notice.unlogged = notice.wall_ns, 0
        self._log(f"{notice.kind}: {notice.text}{more}")

    def all(self) -> list[Notice]:
        """Return what was told, by kind, in the order of the first occurrence."""
        return list(self._notices.values())

    def count(self, kind: NoticeKind) -> int:
        """Return how often a kind was told."""
        notice = self._notices.get(kind)
        return notice.count if notice else 0


def _in_one_line(text: str) -> str:
    """Return a text that a counterparty chose without what would break a line of the log or act on a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)
