"""One life: an engine and a venue, killed, stopped and started again as its faults say, then both records compared.

Units   seconds of the machine's clock; nothing waits longer than `PATIENCE_S`.
Errors  Broken for what must not happen, in words; EngineError where the machinery itself fails.
"""

import contextlib
import json
import signal
import time
from collections.abc import Callable
from typing import Any

import msgspec

from engine._decimal import parse_decimal
from engine.app.chaos import ledger
from engine.app.chaos.children import ENGINE, PAGES, VENUE
from engine.app.chaos.nursery import Child, Nursery
from engine.app.chaos.setup import Setup
from engine.app.chaos.shim import FaultPage, PageWord
from engine.app.chaos.venues import VENUES
from engine.errors import EngineError
from engine.ops.control import ask
from engine.sim.control import ControlClient

PATIENCE_S = 30.0
LOOK_S = 0.03
RESUME_S = 0.5  # between two attempts of the person who resumes
EXITS = (0, 1, 2)
AGREEMENT_S = 40.0  # the venue is asked again about a market that has closed after half a minute
SIZE_DECIMALS = 2  # of every market of these venues


class Broken(EngineError):
    """An invariant that does not hold."""


class VenueGone(EngineError):
    """The venue does not answer: it is dead, or stands still."""


class ChaosLife:
    """Both sides, alive or not; `told` is what happened, in words, and `ends` how each engine ended."""

    def __init__(self, setup: Setup, nursery: Nursery) -> None:
        self.setup, self.venue_kind = setup, VENUES[setup.venue]
        self._nursery = nursery
        self.told: list[str] = []
        self.kills = {ENGINE: 0, VENUE: 0}
        self.resumes = 0
        setup.write()
        self.venue_kind.prepare(setup.place)
        self.pages = {role: FaultPage(setup.place / name) for role, name in PAGES.items()}
        self.children: dict[str, Child] = {}
        self._control: ControlClient | None = None

    # Processes

    def start(self) -> None:
        """Start both sides, and wait until they trade."""
        self.recover()

    def page(self, role: str) -> FaultPage:
        """Return the page that a side obeys."""
        return self.pages[role]

    def is_alive(self, role: str) -> bool:
        """Return whether a side runs."""
        child = self.children.get(role)
        return child is not None and child.status is None

    def kill(self, role: str) -> None:
        """Kill a side at once."""
        if self.is_alive(role):
            self.children[role].send(signal.SIGKILL)
            self.children[role].wait(PATIENCE_S)

    def bury(self, role: str) -> None:
        """Take note of how a side ended; Broken where no reason is known."""
        child = self.children.pop(role)
        status = child.status
        page = self.pages[role]
        page[PageWord.ACT_AT] = 0
        if status == -signal.SIGKILL:
            self.kills[role] += 1
            self.told.append(f"{role} killed at step {page[PageWord.STEPS]}")
        elif status not in EXITS or (status and not child.words):
            raise Broken(f"{role} ended with status {status}: {child.words[-2000:] or 'no word'}")
        else:
            self.told.append(f"{role} ended with status {status}: {child.words[-300:]}")

    def restart(self, role: str) -> None:
        """Start a side that has ended, without waiting for it."""
        self._start(role)

    def _start(self, role: str) -> None:
        self.pages[role][PageWord.STEPS] = 0
        self.children[role] = self._nursery.bear(role, self.setup.place)

    def _start_venue(self) -> None:
        self._hang_up()
        output = self.setup.place / "venue.out"
        output.unlink(missing_ok=True)
        self._start(VENUE)
        self.until(lambda: not self.is_alive(VENUE) or self._has_said(output), "the venue listens")

    @staticmethod
    def _has_said(output: Any) -> bool:
        return bool(output.exists() and output.read_bytes().endswith(b"\n"))

    # What is asked

    def ask_venue(self, cmd: str, **arguments: object) -> dict[str, Any]:
        """Ask the venue; EngineError where it does not answer."""
        try:
            if self._control is None:
                self._control = ControlClient(self.setup.ports[-1], timeout=PATIENCE_S)
            return self._control(cmd, **arguments)
        except (OSError, msgspec.DecodeError) as error:
            self._hang_up()
            raise VenueGone(f"the venue does not answer: {error}") from None

    def ask_engine(self, action: str, reason: str = "chaos") -> dict[str, Any]:
        """Return the engine's answer, {} while it gives none."""
        try:
            answer: dict[str, Any] = json.loads(ask(self.setup.place / "state", action, reason))
        except (EngineError, ValueError, OSError):
            return {}
        return answer

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> None:
        """Wait for a condition; Broken if it does not come in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Broken(f"not within {seconds:.0f} s: {what}; {self.ask_engine('status')}")
            time.sleep(LOOK_S)

    def let(self, seconds: float) -> None:
        """Let both sides live for a while."""
        time.sleep(seconds)

    def _hang_up(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None

    # What a person does

    def recover(self) -> None:
        """Start what has ended and resume what has halted, until both sides trade."""
        self._next_resume = 0.0
        self.until(self._is_trading, "both sides trade")

    def _is_trading(self) -> bool:
        for role in (VENUE, ENGINE):
            if role in self.children and not self.is_alive(role):
                self.bury(role)
        if VENUE not in self.children:
            self._start_venue()
        if ENGINE not in self.children:
            self._start(ENGINE)
        status = self.ask_engine("status")
        if status.get("state") == "halted" and time.monotonic() > self._next_resume:
            self._resume(status)
        return status.get("state") == "trading"

    def _resume(self, status: dict[str, Any]) -> None:
        self.resumes += 1
        self._next_resume = time.monotonic() + RESUME_S
        self.told.append(f"halted: {status['reason']}")
        if not status["reason"]:
            raise Broken("halted without a reason")
        if status["logged_on"]:
            self._confirm_halt()
        else:
            self.ask_engine("session-logon")
        self.ask_engine("resume")

    def _confirm_halt(self) -> None:
        """Wait until no order is alive after a halt, at the venue as in our own record."""
        with contextlib.suppress(VenueGone):
            self.until(self._has_no_order, "no order is alive after a halt")

    def _has_no_order(self) -> bool:
        status = self.ask_engine("status")
        if status.get("state") != "halted" or not status["logged_on"]:
            return True  # something else happened meanwhile
        return status["live_orders"] == 0 and self.venue_kind.resting(self.ask_venue) == 0

    # The end

    def finish(self) -> list[str]:
        """End both sides in order; return in what their records differ, and which rules were broken."""
        self.recover()
        self.venue_kind.still(self.ask_venue)
        self.ask_engine("halt", "the end of a life")
        self._next_resume = 0.0
        self.until(self._is_over, "no order is alive after a halt")
        self._await_agreement()
        engine = self.children[ENGINE]
        engine.send(signal.SIGTERM)
        status = engine.wait(PATIENCE_S)
        if status != 0:
            raise Broken(f"the engine was told to end, and ended with status {status}: {engine.words[-2000:]}")
        theirs = self.venue_kind.record(self.ask_venue, self.setup)
        ours = ledger.read_ours(self.setup.place / "journal", self.venue_kind.instruments())
        return ledger.differences(ours, theirs)

    def _is_over(self) -> bool:
        status = self.ask_engine("status")
        if not status.get("logged_on"):
            if time.monotonic() > self._next_resume:
                self._next_resume = time.monotonic() + RESUME_S
                self.ask_engine("session-logon")
            return False
        return self._has_no_order()

    def _await_agreement(self) -> None:
        """Give what the venue has said time to be heard; whether it was the comparison says."""
        end = time.monotonic() + AGREEMENT_S
        while time.monotonic() < end and not self._holds_the_same():
            time.sleep(LOOK_S)

    def _holds_the_same(self) -> bool:
        ours = self.ask_engine("status").get("positions", {})
        theirs = self.venue_kind.record(self.ask_venue, self.setup).positions
        return {symbol: parse_decimal(text, SIZE_DECIMALS) for symbol, text in ours.items()} == theirs

    def close(self) -> None:
        """End whatever still runs."""
        self._hang_up()
        for role in list(self.children):
            self.kill(role)
        for page in self.pages.values():
            page.close()
