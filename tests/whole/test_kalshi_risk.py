"""Risk at the simulated Kalshi by an engine in a process of its own: exposure, halts by name, flatten, and kill -9."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from engine import fix
from engine.risk import RiskReject
from tests.support.engine.operated_kalshi import EXCLUSIVE, FREE, OperatedKalshi
from tests.support.engine.process import wait_for

pytestmark = pytest.mark.timeout(300)  # minutes of waiting have bounds of their own

Start = Callable[..., OperatedKalshi]
HIGH, LOW, LOT = 9_300, 100, 100
IOC = fix.Tif.IOC


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[OperatedKalshi] = []

    def make(changes: dict[str, str], session: str = "native") -> OperatedKalshi:
        made.append(OperatedKalshi(tmp_path, changes, session))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        if each.engine is not None:
            each.engine.kill()
        each.close()


def event_of(symbol: str) -> str:
    return symbol.rpartition("-T")[0]


def test_exposure_of_an_event_is_netted_where_the_venue_says_one_pays_at_most(start: Start) -> None:
    pair = start(
        {
            'collar_opposite = "0.05"': 'collar_opposite = "none"',
            'collar_own = "0.20"': 'collar_own = "none"',
            'max_event_loss = "10"': 'max_event_loss = "0.18"',
        }
    )
    markets, limits = pair.markets(), partial(pair.command, "limits", pair.config)
    assert {series: len(symbols) for series, symbols in markets.items()} == {EXCLUSIVE: 3, FREE: 3}
    # Each sale can lose 0.07 and its fee; of three that exclude each other only one can
    for run in range(2):
        found = {series: [pair.enter(each, 2, HIGH, LOT) for each in symbols] for series, symbols in markets.items()}
        assert found == {EXCLUSIVE: [0, 0, 0], FREE: [0, 0, RiskReject.MAX_EVENT_LOSS]}, run
        if run == 0:
            wait_for(lambda: any("max_event_loss" in line for line in near(pair)), "a warning")
            pair.again()  # kill -9: the word of the venue is asked for again
    assert len([line for line in near(pair) if "max_event_loss" in line]) == 2  # once in each run

    one = markets[EXCLUSIVE][0]
    pair.operate("cancel-all")
    wait_for(lambda: not pair.account()["open"], "the cancels")
    assert limits("set", "max_market_loss", "0.1", "--symbol", one, "--reason", "thin")[0] == 0
    assert pair.enter(one, 2, HIGH, 2 * LOT) == RiskReject.MAX_MARKET_LOSS
    assert pair.enter(one, 2, HIGH, LOT) == 0
    other = markets[FREE][0]
    assert limits("set", "max_order_cost", "0.07", "--reason", "what it costs without its fee")[0] == 0
    assert pair.enter(other, 2, HIGH, LOT) == RiskReject.MAX_ORDER_COST
    assert limits("set", "max_order_cost", "0.08", "--reason", "with it")[0] == 0
    assert pair.enter(other, 2, HIGH, LOT) == 0
    assert pair.enter(other, 2, 10_000, LOT) == RiskReject.PRICE_BAND
    assert pair.enter(other, 1, -1, LOT) == RiskReject.PRICE_BAND


def near(pair: OperatedKalshi) -> list[str]:
    """Return the warnings of limits that are nearly used up."""
    return [line for line in pair.messages() if line.startswith("limit_near")]


def test_halts_by_name_hold_their_markets_alone_through_kill_9(start: Start) -> None:
    pair = start({})
    markets = pair.markets()
    one, event = markets[EXCLUSIVE][0], event_of(markets[FREE][0])
    whole = [each for symbols in markets.values() for each in symbols]
    held = {one, *markets[FREE]}
    assert [pair.enter(each, 1, LOW, LOT) for each in whole] == [0] * 6
    wait_for(lambda: sorted(pair.account()["open"].values()) == sorted(whole), "an order in each")
    before = pair.account()["open"]
    assert pair.operate("halt", "--symbol", one, "--reason", "odd quotes")[:2] == (0, f"held: {one}\n")
    assert pair.operate("halt", "--event", event, "--reason", "odd event")[0] == 0
    kept = {cl_ord_id: symbol for cl_ord_id, symbol in before.items() if symbol not in held}
    wait_for(lambda: pair.account()["open"] == kept, "the cancels of those alone")
    for _ in range(2):
        found = {each: pair.enter(each, 1, LOW, LOT) for each in whole}
        assert {each for each, denial in found.items() if denial == RiskReject.MARKET_STOPPED} == held
        assert not any(found[each] for each in whole if each not in held)
        shown = pair.command("limits", pair.config)[1]
        assert re.search(rf"held     market {re.escape(one)}: halted by .*: odd quotes\n", shown), shown
        assert re.search(rf"held     event {event}: event {event} halted by .*: odd event\n", shown), shown
        pair.again()
    assert pair.operate("resume", "--symbol", one, "--reason", "seen")[0] == 0
    assert pair.operate("resume", "--event", event, "--reason", "seen too")[0] == 0
    assert [pair.enter(each, 1, LOW, LOT) for each in whole] == [0] * 6
    _, said, _ = pair.command("journal", pair.directory / "journal", "--kind", "operator", "--json")
    told = [json.dumps(json.loads(line)) for line in said.splitlines()]
    for reason in ("odd quotes", "odd event", "seen", "seen too"):
        assert any(reason in text and "uid " in text for text in told), reason


@pytest.mark.parametrize("session", ["native", "quickfix"])
def test_flatten_that_kill_9_interrupts_is_told_and_holds_until_it_is_done_again(start: Start, session: str) -> None:
    roomy = {'max_market_loss = "5" ': 'max_market_loss = "50" ', 'max_event_loss = "10" ': 'max_event_loss = "50" '}
    pair = start({'max_order_qty = "10" ': 'max_order_qty = "1" '} | roomy, session)
    markets = pair.markets()
    long, short = markets[EXCLUSIVE][0], markets[FREE][1]

    def held() -> tuple[int, int]:
        positions = pair.account()["positions"]
        return positions.get(long, 0), positions.get(short, 0)

    def hold_more() -> bool:
        """Buy one and sell one, until there are twelve of each."""
        bought, sold = held()
        if bought < 1200:
            pair.enter(long, 1, 0, LOT, IOC)
        if sold > -1200:
            pair.enter(short, 2, 0, LOT, IOC)
        return bought >= 1200 and sold <= -1200

    wait_for(hold_more, "both positions")
    whole = held()
    words = [sys.executable, "-m", "engine", "flatten", str(pair.config), "--reason", "enough"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as flattening:
        wait_for(lambda: sum(map(abs, held())) <= sum(map(abs, whole)) - 200, "some of it")
        pair.kill_engine()
        said, wrong = flattening.communicate(timeout=20)
    assert flattening.returncode != 0 and f"{long}: sell" in said and "engine" in wrong
    pair.again()
    left = held()
    assert [pair.enter(each, 1, LOW, LOT) for each in (long, short)] == [RiskReject.MARKET_STOPPED] * 2
    notes = [line for line in pair.messages() if "does not go on after a restart" in line]
    assert len(notes) == sum(net != 0 for net in left)
    status, said, wrong = pair.command("flatten", pair.config, "--reason", "the rest")
    assert (status, wrong) == (0, ""), said
    assert (held(), pair.account()["open"]) == ((0, 0), {})
    _, said, _ = pair.command("journal", pair.directory / "journal", "--json")
    assert "reduce_only" in said  # the venue was told that the slices only reduce
    assert pair.operate("resume", "--reason", "on we go")[0] == 0
    assert pair.enter(long, 1, LOW, LOT) == 0
