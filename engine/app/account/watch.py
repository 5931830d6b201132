"""When an account is compared with its venue's: after each logon before anything is traded, and now and then.

A look counts only if nothing was sent or heard of while it was taken: else it is taken again. Trading waits for the
first one after a logon; the markets where both sides differ wait until a later one agrees.

Units   times in ns since 1970, or as the names say.
Errors  none: what fails is told, and tried again.
Thread  the loop thread only.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from engine.app.account.reading import LookingReader
from engine.errors import EngineError
from engine.instrument import Instrument
from engine.journal.told import ReconcileStep
from engine.runtime.backoff import Backoff
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.balance import Cash
from engine.trading.reconcile.judge import Finding
from engine.trading.reconcile.reconcile import Comparison, Reconcile, VenueAccount
from engine.trading.reconcile.rules import Deed

_S = 1_000_000_000
OVERLAP_NS = 600 * _S  # of what is asked for with what was asked for before
FIRST_LOOK_NS = 72 * 3600 * _S  # how far back the first one goes
MOST_DISTURBED = 5  # looks in a row that something came between, before the next one is left for later
PAUSE_NS = _S // 2  # before the next one, where trading waits for it
SOON_NS = 5 * _S  # where something differs
OVERTAKEN = f"each of {MOST_DISTURBED} looks was overtaken by orders and reports: ask again"
CASH_SUSPECTED = "the venue's cash differs, and is looked at again"


async def _at_once() -> None:
    """Wait for nothing."""


class AccountWatch:
    """Compares one desk with its account; an `AccountGate` of its supervisor.

    `ready` is waited for before a comparison: a market that was paid meanwhile would look like a position that differs.
    """

    def __init__(
        self,
        reader: LookingReader,
        reconcile: Reconcile,
        loop: TradingLoop,
        wall_ns: Callable[[], int],
        note: Callable[[str], object],
        every_ns: int,
        backoff: Backoff,
        ready: Callable[[], Awaitable[object]] = _at_once,
    ) -> None:
        self.last: Comparison | None = None
        self.last_ns = 0
        self.is_settled: Callable[[], bool] = lambda: True  # whether no request of ours may still arrive
        self.comparisons = self.failures = 0
        self.error, self.error_ns = "", 0  # why it could not be compared last, and when
        self._reader = reader
        self._reconcile = reconcile
        self._loop = loop
        self._wall_ns = wall_ns
        self._note = note
        self._every_ns = every_ns
        self._backoff = backoff
        self._ready = ready
        self._is_due = asyncio.Event()
        self._reason = "the account has not been compared with the venue's"
        self._since_ns = 0
        self._moved: tuple[int, str] = (-1, "")  # what was counted when it was looked last,
        self._moved_ns = 0  # and since when, at the latest, nothing was added to it

    @property
    def cash(self) -> Cash | None:
        """Return what compares the cash, None where nothing does."""
        return self._reconcile.cash

    def logged_on(self) -> None:
        """Close the gate until the account is compared anew."""
        self._reason = "the account is being compared with the venue's"
        self._moved_ns = self._wall_ns()  # the venue cancels with a connection
        self._is_due.set()

    def look_soon(self, reason: str) -> None:
        """Compare as soon as possible, and say why; trading goes on meanwhile."""
        self._note(f"account is compared: {reason}")
        self._is_due.set()

    def doubt(self, market: Instrument, text: str) -> None:
        """Stop a market for what a fill has told, and compare: a comparison that agrees opens it."""
        self._reconcile.doubt(market, text)
        self.look_soon(f"{market.symbol}: {text}")

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""
        return self._reason

    def bear(self) -> None:
        """Trade on with what differs now."""
        self._reconcile.bear()

    async def run(self) -> None:
        """Compare whenever it is due, until cancelled."""
        while True:
            await self._until_due()
            await self._ready()
            try:
                await self._compare()
            except EngineError as error:
                self._failed(error)
                await asyncio.sleep(self._backoff.next_ns() / _S)

    def deed(self, finding: Finding) -> Deed:
        """Return what is done about a finding."""
        return self._reconcile.deed(finding)

    async def preview(self) -> Comparison:
        """Return what a comparison would find, and change nothing. EngineError where it could not be compared."""
        for _ in range(MOST_DISTURBED):
            account = await self._look()
            if account is not None:
                return self._reconcile.preview(account)
        raise EngineError(OVERTAKEN)

    async def compare_now(self) -> Comparison:
        """Compare at an operator's word; return what was found. EngineError where it could not be compared."""
        before = self.comparisons
        await self._compare()
        if self.last is None or self.comparisons == before:
            raise EngineError(OVERTAKEN)
        return self.last

    async def _until_due(self) -> None:
        """Wait for the turn: that of a difference comes soon."""
        is_clean = self.last is None or self.last.is_clean
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout((self._every_ns if is_clean else min(SOON_NS, self._every_ns)) / _S):
                await self._is_due.wait()

    async def _compare(self) -> None:
        """Take one look that nothing disturbs, and act on it."""
        for _ in range(MOST_DISTURBED):
            began_ns = self._wall_ns()
            account = await self._look()
            if account is not None:
                self._take(self._reconcile.compare(account), began_ns)
                return
            if self._reason:
                await asyncio.sleep(PAUSE_NS / _S)
        if not self._reason:
            self._is_due.clear()  # a busy desk: the next one in turn

    async def _look(self) -> VenueAccount | None:
        """Return one look at the account, None where something came between."""
        began_ns, before = self._wall_ns(), self._activity()
        if before != self._moved:
            self._moved, self._moved_ns = before, began_ns
        since_ns = max(self._since_ns or began_ns - FIRST_LOOK_NS, 0)
        account = await self._reader.look(self._reconcile, since_ns, self._moved_ns)
        return account if self._activity() == before and self.is_settled() else None

    def _take(self, comparison: Comparison, began_ns: int) -> None:
        self.last, self.last_ns, self._since_ns = comparison, began_ns, began_ns - OVERLAP_NS
        self.comparisons += 1
        self._is_due.clear()
        self._backoff.reset()
        is_suspected = self.cash is not None and self.cash.is_suspected  # the next look believes it or not
        self._reason = CASH_SUSPECTED if self._reason and is_suspected else ""

    def _activity(self) -> tuple[int, str]:
        """Return what changes with every request and every report that may change something.

        While nothing new can leave, what is in doubt is cancelled again and again, and each time refused: that counts
        for nothing, or no look would ever be undisturbed.
        """
        counters = self._loop.counters
        if self._loop.is_trading:
            return counters.reports, self._loop.orders.last_cl_ord_id
        return counters.reports - counters.cancel_rejects, ""

    def _failed(self, error: EngineError) -> None:
        self.failures += 1
        self.error, self.error_ns = str(error), self._wall_ns()
        if self._reason:
            self._reason = f"the venue's account cannot be read: {error}"
        self._note(f"account not compared: {error}")
        self._reconcile.journal(ReconcileStep("failed", str(error)))
