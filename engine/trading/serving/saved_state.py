"""What a strategy keeps from one run to the next: asked for now and then, journalled, given back at a start.

Units   times in ns since 1970.
Errors  none of it stops a start: what cannot be read is told, and the strategy begins with None. JournalError where the
        journal takes no record.
Cost    `on_save` and its JSON every `SAVE_NS`; a state that has not changed is not written again.
Thread  the loop thread only.
"""

from engine.journal.saved import append_saved, state_of_text, text_of_state
from engine.journal.snapshot import Snapshots
from engine.journal.writer import NullJournal
from engine.runtime.notices import NoticeKind, Notices
from engine.strategy import Strategy
from engine.trading.desk import HookCaller
from engine.trading.guard import has_hook

SAVE_NS = 10_000_000_000


class StateKeeper:
    """Keeps the state of the strategy of this name; `snapshots.saved` has the texts that an earlier run left."""

    def __init__(
        self,
        strategy: Strategy,
        journal: NullJournal,
        guard: HookCaller,
        notices: Notices,
        snapshots: Snapshots,
        owner: str = "",
    ) -> None:
        self._strategy = strategy
        self._journal = journal
        self._guard = guard
        self._notices = notices
        self._snapshots = snapshots
        self._owner = owner
        self._name = f"{type(strategy).__module__}:{type(strategy).__qualname__}"
        self._saves = has_hook(strategy, "on_save")
        self._asked_ns = 0
        self._is_loaded = False

    def load(self) -> None:
        """Give the strategy what it saved, or None."""
        if has_hook(self._strategy, "on_load"):
            self._guard.call("on_load", self._found())
        self._is_loaded = True

    def _found(self) -> object:
        text = self._snapshots.saved.get(self._owner)
        if not text:
            return None
        strategy = self._strategy
        try:
            saved = state_of_text(text)
            if saved.strategy != self._name:
                raise ValueError(f"it is that of {saved.strategy}")
            if saved.version != strategy.state_version:
                raise ValueError(f"it has version {saved.version}, and the strategy wants {strategy.state_version}")
            found: object = saved.state_as(strategy.State)
        except (ValueError, TypeError, RecursionError) as error:
            self._notices.tell(NoticeKind.STATE_LOST, f"the saved state of {self._name} is not used: {error}")
            return None
        return found

    def tick(self, now_ns: int) -> None:
        """Ask for the state if it is time."""
        if self._saves and now_ns - self._asked_ns >= SAVE_NS:
            self._asked_ns = now_ns
            self.save(now_ns)

    def save(self, now_ns: int) -> None:
        """Ask for the state, and write it if it is another one."""
        if not (self._saves and self._is_loaded):
            return
        try:
            state = self._strategy.on_save()
        except BaseException as error:
            self._guard.failed("on_save", error)
            return
        if state is None:
            return
        try:
            text = text_of_state(self._name, self._strategy.state_version, state, self._owner)
        except ValueError as error:
            self._notices.tell(NoticeKind.STATE_LOST, f"the state of {self._name} is not saved: {error}")
            return
        if text != self._snapshots.saved.get(self._owner):
            append_saved(self._journal, text, now_ns)
            self._snapshots.saved[self._owner] = text
