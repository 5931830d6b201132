"""Halts by name, limits and flatten of an engine in a process of its own, with kill -9 in between."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.exchange.blotter import EnteredOrder, read_blotter
from tests.support.engine.operated import Operated
from tests.support.engine.process import wait_for

EVENT = "KXDEMOTEMP-26DEC01"
ONE, OTHER = "KXDEMORAIN-26DEC01-T1", "KXDEMORAIN-26DEC01-T2"
pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

Start = Callable[..., Operated]
EVERYWHERE = """
def on_start(self):
    self.mine = {}
    self.on_timer(None)

def on_timer(self, key):
    for market in self.context.instruments:
        order = self.mine.get(market)
        if order is None or order.is_done:
            self.mine[market] = self.context.buy(market, 100, 100)
    self.context.timer(100_000_000)
"""
IDLE = "pass"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Operated] = []

    def make(hooks: str, changes: dict[str, str] | None = None, session: str = "native") -> Operated:
        made.append(Operated(tmp_path, hooks, session=session))
        for old, new in (changes or {}).items():
            rewrite(made[-1], old, new)
        made[-1].start()
        made[-1].wait_until_trading()
        return made[-1]

    yield make
    for each in made:
        if each.engine is not None:
            each.engine.kill()
        each.close()


def rewrite(pair: Operated, old: str, new: str) -> None:
    """Change the configuration, in which `old` stands once."""
    text = pair.config.read_text()
    assert text.count(old) == 1, old
    pair.config.write_text(text.replace(old, new))


def restart(pair: Operated) -> None:
    """End the engine as nothing that it could hear of, and start it again."""
    pair.kill_engine()
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")


def resting(pair: Operated) -> dict[str, str]:
    """Return ClOrdID(11) of what rests at the venue, by market."""
    return {order["symbol"]: order["cl_ord_id"] for order in pair.venue_orders()}


def entered(pair: Operated) -> Counter[str]:
    """Return how many orders the venue has ever had of us, by market."""
    entries = read_blotter(pair.directory / "venue" / "blotter.jsonl")
    return Counter(e.symbol for e in entries if isinstance(e, EnteredOrder) and e.account == "FIXLANE")


def acts(pair: Operated) -> list[dict[str, Any]]:
    """Return what the journal says that people asked for."""
    _, said, wrong = pair.command("journal", pair.directory / "journal", "--kind", "operator", "--json")
    assert not wrong, wrong
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_halt_by_name_holds_its_markets_alone_through_kill_9_until_a_person_lifts_it(
    start: Start, session: str
) -> None:
    pair = start(EVERYWHERE, session=session)
    wait_for(lambda: len(resting(pair)) == 8, "an order in each market")
    before = resting(pair)
    held = {ONE} | {symbol for symbol in before if symbol.startswith(EVENT)}
    assert pair.operate("halt", "--symbol", ONE, "--reason", "odd quotes")[:2] == (0, f"held: {ONE}\n")
    assert pair.operate("halt", "--event", EVENT, "--reason", "odd event")[0] == 0
    wait_for(lambda: not held & resting(pair).keys(), "the cancels")
    kept = {symbol: cl_ord_id for symbol, cl_ord_id in before.items() if symbol not in held}
    assert resting(pair) == kept  # nobody else's order was touched
    count = entered(pair)

    restart(pair)
    wait_for(lambda: resting(pair).keys() == kept.keys(), "orders where nothing is held")
    assert {symbol: entered(pair)[symbol] for symbol in held} == {symbol: count[symbol] for symbol in held}
    shown = pair.command("limits", pair.config)[1]
    assert re.search(rf"held     market {ONE}: halted by .*: odd quotes\n", shown), shown
    assert re.search(rf"held     event {EVENT}: event {EVENT} halted by .*: odd event\n", shown), shown
    assert pair.operate("resume", "--reason", "all of it")[0] == 0  # which ends no halt by name
    assert pair.operate("resume", "--symbol", OTHER)[0] == 1
    assert pair.operate("resume", "--symbol", ONE, "--reason", "seen")[:2] == (0, f"lifted: {ONE}\n")
    wait_for(lambda: ONE in resting(pair), "an order where it was lifted")
    assert not {symbol for symbol in resting(pair) if symbol.startswith(EVENT)}
    assert pair.operate("resume", "--event", EVENT, "--reason", "seen too")[0] == 0
    wait_for(lambda: len(resting(pair)) == 8, "orders everywhere")

    assert pair.operate("halt", "--strategy", "Desk", "--reason", "mad")[0] == 0
    wait_for(lambda: not resting(pair), "every cancel")
    restart(pair)
    assert (pair.status()["state"], resting(pair)) == ("halted", {})
    assert pair.operate("resume", "--strategy", "desk:Desk", "--reason", "cured")[0] == 0
    wait_for(lambda: len(resting(pair)) == 8, "orders everywhere")
    _assert_told(acts(pair))


def _assert_told(found: list[dict[str, Any]]) -> None:
    """Every act stands in the journal with its reason and who asked."""
    texts = [json.dumps(each) for each in found]
    for action, reason in (
        ("hold", "odd quotes"),
        ("hold", "odd event"),
        ("resume", "all of it"),
        ("lift", "seen"),
        ("lift", "seen too"),
        ("hold", "mad"),
        ("lift", "cured"),
    ):
        (text, *_) = [text for text in texts if action in text and reason in text]
        assert "uid " in text, text
    assert any("is not halted by name" in text for text in texts)


def test_limit_of_a_person_outlives_kill_9_by_the_rules_of_the_file(start: Start) -> None:
    pair = start(
        IDLE,
        {
            'max_order_qty = "100" ': 'max_order_qty = "90" ',
            "[risk.rate]": '[risk.ceiling]\nmax_position = "600"\n[risk.rate]',
        },
    )
    change = partial(pair.command, "limits", pair.config)
    assert change("set", "max_order_qty", "7", "--reason", "nervous")[0] == 0
    restart(pair)  # right after the answer
    assert "max_order_qty 0.00 of 7.00" in change()[1]
    assert change("set", "max_position", "550", "--reason", "sure")[0] == 0
    assert change("set", "max_position", "3", "--symbol", ONE, "--reason", "thin")[0] == 0
    for name, value, words in (
        ("max_position", "600.01", "above its ceiling 600.00: only [risk.ceiling] of the configuration raises that"),
        ("max_order_qty", "90.01", "above its ceiling 90.00"),
        ("max_daily_loss", "none", "above its ceiling 250.000000"),
    ):
        status, _, wrong = change("set", name, value, "--reason", "greedy")
        assert (status, words in wrong) == (1, True), wrong
    restart(pair)
    shown = change()[1]
    assert re.search(r"changed  max_position is 550.00, not 500.00, by .*: sure\n", shown), shown
    assert re.search(rf"changed  max_position of {ONE} is 3.00, not 500.00, by .*: thin\n", shown), shown
    assert re.search(r"changed  max_order_qty is 7.00, not 90.00, by .*: nervous\n", shown), shown

    pair.kill_engine()
    rewrite(pair, 'max_order_qty = "90" ', 'max_order_qty = "80" ')
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")
    assert "max_order_qty 0.00 of 80.00" in change()[1]
    ended = "ended: the configuration says something else of it now"
    assert any("max_order_qty is 7.00" in line and ended in line for line in pair.messages())
    pair.kill_engine()
    rewrite(pair, 'max_order_qty = "80" ', 'max_order_qty = "90" ')
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")
    assert "max_order_qty 0.00 of 90.00" in change()[1]  # what has ended does not come back

    assert change("reset", "max_position", "--reason", "calm")[0] == 0
    restart(pair)
    shown = change()[1]
    assert "max_position is 550.00" not in shown and f"max_position of {ONE} is 3.00" in shown
    told = [json.dumps(each) for each in acts(pair)]
    for reason in ("nervous", "sure", "thin", "greedy", "calm"):
        assert any(reason in text and "uid " in text for text in told), reason


# Flatten

HOLDING = """
def on_book(self, book):
    first, second = self.context.instruments[:2]
    if any(self.context.orders(book.instrument)) or book.is_stale:
        return
    net = self.context.position(book.instrument).net
    if book.instrument is first and net < 1200:
        self.context.buy(first, book.best_ask, min(100, 1200 - net), time_in_force="3")
    if book.instrument is second and net > -1200:
        self.context.sell(second, book.best_bid, min(100, 1200 + net), time_in_force="3")
"""


def positions(pair: Operated) -> dict[str, int]:
    """Return what the venue says that we hold, in hundredths."""
    assert pair.venue is not None
    found: dict[str, int] = pair.venue.control("summary", account="FIXLANE")["positions"]
    return {symbol: net for symbol, net in found.items() if net}


def held_by_us(pair: Operated) -> dict[str, int]:
    """Return what the engine says that it holds."""
    return {symbol: round(float(net) * 100) for symbol, net in pair.status()["positions"].items()}


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_flatten_that_kill_9_interrupts_is_told_and_holds_until_it_is_done_again(start: Start, session: str) -> None:
    pair = start(HOLDING, {'max_order_qty = "100" ': 'max_order_qty = "1" '}, session)
    whole = wait_for(lambda: (found := positions(pair)) == {ONE: 1200, OTHER: -1200} and found, "both positions")
    words = [sys.executable, "-m", "engine", "flatten", str(pair.config), "--reason", "enough"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as flattening:
        wait_for(lambda: sum(map(abs, positions(pair).values())) <= sum(map(abs, whole.values())) - 200, "some of it")
        pair.kill_engine()
        said, wrong = flattening.communicate(timeout=20)
    assert flattening.returncode != 0 and f"{ONE}: sell" in said and "engine" in wrong

    pair.start_engine()
    wait_for(lambda: pair.status().get("state") == "trading", "trading")
    left = positions(pair)
    assert held_by_us(pair) == left
    # The strategy, which wants it back, gets nothing
    assert sum(map(abs, left.values())) <= sum(map(abs, whole.values())) - 200
    notes = [line for line in pair.messages() if "does not go on after a restart" in line]
    assert [note.split(":")[1].strip() for note in notes] == sorted(left)
    status, said, wrong = pair.command("flatten", pair.config, "--reason", "the rest")
    assert (status, wrong) == (0, "")
    assert said.count(": flat, 0.00 held") == len(left) > 0
    assert positions(pair) == {} == held_by_us(pair)
    assert resting(pair) == {}
    assert pair.operate("resume", "--reason", "on we go")[0] == 0
    wait_for(lambda: positions(pair), "a strategy that trades again")
