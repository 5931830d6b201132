"""Two strategies of one engine on the demo's venue: killed, started again, and each still has what is its own."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.config.shipped import config_path
from engine.fix import BUY
from engine.journal.reader import read_all
from engine.journal.reports import options_of, report_of
from engine.journal.segments import RecordKind, journal_paths
from tests.support.engine.process import Pair, wait_for

SEVERAL = """
[strategies.maker]
class = "engine.strategies.quoter:TwoSidedQuoter"
[strategies.maker.parameters]
qty = "5"
max_position = "50"

[strategies.lean]
class = "engine.strategies.quoter:TwoSidedQuoter"
symbols = ["{first}", "{second}"]
on_error = "stop"
[strategies.lean.parameters]
qty = "3"
max_position = "30"
[strategies.lean.limits]
max_position = "30"
max_open_orders = 4
"""


class TeamPair(Pair):
    """The demo's pair, with two strategies that quote the same markets."""

    def _write_engine_files(self) -> None:
        super()._write_engine_files()
        text = self.config.read_text()
        symbols = re.findall(r'symbol = "([^"]+)"', config_path("markets.toml").read_text())
        own = SEVERAL.format(first=symbols[0], second=symbols[1])
        self.config.write_text(re.sub(r"(?s)\n\[strategy\].*(?=\n\[metrics\])", own, text))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[TeamPair]:
    pair = TeamPair(tmp_path, "native")
    yield pair
    pair.close()


def settled(pair: TeamPair) -> dict[str, Any]:
    """Halt, and return what the engine says once nothing is alive."""
    pair.act("halt")
    wait_for(lambda: pair.status().get("live_orders") == 0, "every order to be cancelled")
    return pair.status()


def lots(text: str) -> int:
    return int(text.replace(".", ""))


def fills_by_strategy(pair: TeamPair) -> Counter[tuple[str, str]]:
    """Return what the journal says that each strategy holds, by market: read record by record."""
    owner_of: dict[str, str] = {}
    chain: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    net: Counter[tuple[str, str]] = Counter()
    for record in read_all(journal_paths(pair.directory / "journal"), []):
        if record.kind == RecordKind.OPTIONS:
            cl_ord_id, options = options_of(record)
            owner_of[cl_ord_id] = options.owner
        elif record.kind in (RecordKind.REPLACE, RecordKind.CANCEL):
            first, _, second = record.text.partition("\x01")
            chain[second] = first
        elif record.kind == RecordKind.REPORT:
            report = report_of(record)
            if report.exec_type == "F" and (report.order_id, report.exec_id) not in seen:
                seen.add((report.order_id, report.exec_id))
                name = report.cl_ord_id
                while name in chain:
                    name = chain[name]
                signed = report.last_qty if report.side == BUY else -report.last_qty
                net[owner_of[name], report.symbol] += signed
    return net


def assert_it_adds_up(pair: TeamPair, status: dict[str, Any]) -> None:
    """What the strategies hold is what the account holds and what the venue says; each has what its own orders made."""
    assert pair.venue is not None
    several = status["strategies"]
    assert set(several) == {"", "maker", "lean"}
    summed: Counter[str] = Counter()
    for each in several.values():
        summed.update({symbol: lots(size) for symbol, size in each["positions"].items()})
    account = {symbol: lots(size) for symbol, size in status["positions"].items()}
    assert {symbol: net for symbol, net in summed.items() if net} == account
    venue = pair.venue.control("summary", account="FIXLANE")["positions"]
    assert {symbol: net for symbol, net in venue.items() if net} == account
    net = fills_by_strategy(pair)
    told = {(name, symbol): lots(size) for name, each in several.items() for symbol, size in each["positions"].items()}
    assert {key: size for key, size in net.items() if size} == told


def test_two_strategies_keep_what_is_their_own_over_a_kill(pair: TeamPair, capsys: pytest.CaptureFixture[str]) -> None:
    pair.start_venue()
    pair.start_engine()
    pair.wait_until_trading()

    def both_have_traded() -> bool:
        several = pair.status().get("strategies", {})
        return all(lots(several[name]["fees"]) or several[name]["positions"] for name in ("maker", "lean"))

    wait_for(both_have_traded, "fills of both")
    wait_for(lambda: all(each["live_orders"] for n, each in pair.status()["strategies"].items() if n), "orders of both")
    pair.kill_engine()

    pair.start_engine()
    pair.wait_until_trading()
    # One is halted by name: its orders go, the other's stay and come
    assert main(["halt", str(pair.config), "--strategy", "lean", "--reason", "odd"]) == 0
    assert capsys.readouterr().out == "held: strategy lean\n"
    wait_for(lambda: pair.status()["strategies"]["lean"]["live_orders"] == 0, "lean's orders to go")
    wait_for(lambda: pair.status()["strategies"]["maker"]["live_orders"] > 4, "maker's orders")
    assert pair.status()["state"] == "trading"
    pair.kill_engine()

    pair.start_engine()
    pair.wait_until_trading()
    wait_for(lambda: pair.status()["strategies"]["maker"]["live_orders"] > 4, "maker's orders")
    lean = pair.status()["strategies"]["lean"]
    assert (lean["state"], lean["live_orders"]) == ("stopped", 0) and "odd" in lean["reason"]
    assert main(["halt", str(pair.config), "--strategy", "nobody"]) == 1
    assert "unknown strategy 'nobody': this engine has maker, lean" in capsys.readouterr().err
    assert main(["resume", str(pair.config), "--strategy", "lean", "--reason", "fine"]) == 0
    wait_for(lambda: pair.status()["strategies"]["lean"]["live_orders"] > 0, "lean's orders")
    status = settled(pair)
    wait_for(lambda: pair.venue_orders() == [], "the venue's orders to go")
    assert_it_adds_up(pair, pair.status())
    notes = json.dumps([line["message"] for line in pair.log()])
    assert "STRATEGY lean stopped" in notes and "STRATEGY lean trades again" in notes
    assert status["state"] == "halted"
