"""Differences that the session of a FIX 4.4 venue shows by itself: in doubt, asked for by H, open once answered."""

from typing import Any

import pytest

from engine import fix
from engine.cli import main
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from tests.support.engine.in_process import STATUS, Rig, Start

CENT, LOT = 100, 100
# What the venue never said of an order of ours, five at 0.40: OrdStatus(39), Side(54), CumQty(14), LeavesQty(151), more
REPORTS = {
    "quantities differ": "150=I|39=1|54=1|14=3|151=2|38=5|44=0.40|",
    "side differs": "150=I|39=0|54=2|14=0|151=5|38=5|44=0.40|",
    "fill of more than was missed": "150=F|39=1|54=1|14=4|151=1|38=5|31=0.40|32=1|",
    "fill at an impossible price": "150=F|39=1|54=1|14=1|151=4|38=5|31=1.40|32=1|",
    "fill of more than the order": "150=F|39=2|54=1|14=9|151=0|38=9|31=0.40|32=9|",
}


def causes(rig: Rig) -> list[Stop]:
    return [rig.trading.markets.causes(each) for each in (rig.rain, rig.snow)]


@pytest.mark.parametrize("name", REPORTS)
def test_report_that_differs_stops_its_market_until_the_venue_was_asked(rig: Start, name: str, capsys: Any) -> None:
    r = rig()
    order = r.rest(fix.BUY, 40 * CENT, 5 * LOT)
    r.hear(f"35=8|11={order.cl_ord_id}|37=v|17=differs|55=RAIN|6=0.4|{REPORTS[name]}")
    assert order.ord_status == fix.Status.UNKNOWN
    assert causes(r) == [Stop.DOUBT, Stop(0)]
    assert (order.cum_qty, r.engine.portfolio[r.rain].net) == (0, 0)
    assert r.desk.buy(r.rain, 39 * CENT, LOT) is None
    assert r.desk.buy(r.snow, 30 * CENT, LOT) is not None
    assert r.trading.notices.count(NoticeKind.ORDER_IN_DOUBT) == 1
    r.until(lambda: causes(r) == [Stop(0)] * 2, "the market to open")
    assert STATUS in r.types_sent()
    assert main(["journal", str(r.directory / "journal"), "--kind", "report"]) == 0
    assert "differs" in capsys.readouterr().out
    r.assert_agrees()


def test_fill_of_a_stranger_stops_its_market_until_a_person_resumes(rig: Start) -> None:
    r = rig()
    r.hear("35=8|11=nobodys|37=v9|17=strange|150=F|39=2|55=RAIN|54=1|38=1|14=1|151=0|31=0.40|32=1|6=0.4|")
    assert causes(r) == [Stop.DOUBT, Stop(0)]
    assert r.engine.portfolio[r.rain].net == 0
    r.turn(0.3)
    assert causes(r) == [Stop.DOUBT, Stop(0)]
    r.ask("resume")
    assert causes(r) == [Stop(0)] * 2
    r.assert_agrees()
