"""Reports that are odd: what decides money is exact or refused, what only informs never costs a fill."""

from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.orders.report import ABSENT, ExecutionReport
from engine.venue.fix44.dialect import Fix44

DEMO = Instrument("DEMO-T2", 0, None)
FILL = {35: "8", 11: "A1", 17: "E1", 150: "F", 39: "2", 14: "25", 151: "0", 31: "0.41", 32: "25"}


def decoded(exec_type: str = "F", fees: str = "", **odd: str) -> ExecutionReport:
    values = FILL | {150: exec_type} | {int(tag[1:]): text for tag, text in odd.items()}
    text = "".join(f"{tag}={value}|" for tag, value in values.items()) + fees
    report = Fix44([DEMO]).decode(Fields(text.replace("|", "\x01").encode("latin-1")))
    assert report is not None
    return report


@pytest.mark.parametrize("text", ["0.42333333", "N/A", "", "1e-2"])
@pytest.mark.parametrize("tag", ["t31", "t32", "t14", "t151"])
@pytest.mark.parametrize("exec_type", ["F", "1", "2", "G", "H"])
def test_s15_what_decides_money_is_exact_or_refused(exec_type: str, tag: str, text: str) -> None:
    with pytest.raises(DecodeError, match=f"tag {tag[1:]}: not a decimal number of at most"):
        decoded(exec_type, **{tag: text})


@pytest.mark.parametrize("tag", ["t38", "t14", "t151"])
def test_quantities_of_a_change_are_exact_or_refused(tag: str) -> None:
    with pytest.raises(DecodeError):
        decoded("5", **{tag: "8.333"})


@pytest.mark.parametrize(
    ("odd", "name", "value"),
    [
        ({"t44": "0.42333333"}, "price", 4234),
        ({"t44": "-0.42333333"}, "price", -4233),
        ({"t44": "MKT"}, "price", ABSENT),
        ({"t44": "0.4x333333"}, "price", ABSENT),
        ({"t44": "9" * 30}, "price", ABSENT),
        ({"t44": "9" * 30 + ".00001"}, "price", ABSENT),
        ({"t38": "25.001"}, "order_qty", 2501),
        ({"t38": "all"}, "order_qty", ABSENT),
        ({"t54": "B"}, "side", 0),
        ({"t851": "x"}, "is_taker", False),
        ({"t103": "none"}, "reason", ABSENT),
        ({"t45": "?"}, "ref_seq_num", ABSENT),
        ({"t103": ""}, "reason", ABSENT),
    ],
)
def test_s15_what_only_informs_never_costs_a_fill(odd: dict[str, str], name: str, value: Any) -> None:
    report = decoded(**odd)
    assert (report.last_px, report.last_qty, report.cum_qty, report.leaves_qty) == (4100, 2500, 2500, 0)
    assert getattr(report, name) == value
    [tag] = odd
    assert f"ClOrdID(11) 'A1': tag {tag[1:]} " in report.oddity


@pytest.mark.parametrize(
    ("fees", "fee"),
    [
        ("136=1|137=0.0000001|", 1),
        ("136=2|137=0.0000001|137=0.0000019|", 3),
        ("136=1|137=-0.0000019|", -1),  # less of a rebate
        ("136=1|137=free|", ABSENT),
        ("136=1|137=2|891=1|", ABSENT),  # per cent
        ("136=3|137=2|", ABSENT),
        ("136=x|137=2|", ABSENT),
    ],
)
def test_s15_fee_that_cannot_be_taken_as_it_is_is_rounded_up_or_left_to_the_rule(fees: str, fee: int) -> None:
    report = decoded(fees=fees)
    assert (report.last_qty, report.fee) == (2500, fee)
    assert report.oddity


def test_prices_of_what_is_no_fill_decide_nothing() -> None:
    report = decoded("0", t31="n/a", t32="0.001")
    assert (report.last_px, report.last_qty) == (ABSENT, 1)
    assert report.oddity == "ClOrdID(11) 'A1': tag 31 left out: b'n/a', tag 32 rounded up: 0.001"


def test_oddity_is_that_of_one_report() -> None:
    dialect = Fix44([DEMO])
    assert [
        bool(dialect.decode(Fields(f"35=8\x0111=A1\x0144={price}\x01")).oddity)  # type: ignore[union-attr]
        for price in ("x", "0.41")
    ] == [True, False]


@pytest.mark.parametrize("sign", ["", "-"])
def test_o13_fees_whose_sum_is_too_large_are_left_to_the_rule(sign: str) -> None:
    huge = f"{sign}9000000000000"  # dollars: two of them are beyond 64 bits
    report = decoded(fees=f"136=3|137={huge}|137={huge}|137=1|")
    assert (report.fee, report.last_qty) == (ABSENT, 2500)
    assert "tag 136 left out" in report.oddity
