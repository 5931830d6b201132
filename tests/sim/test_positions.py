"""The simulated venue's answers about positions: by QuickFIX's dictionary, and as our own dialect reads them."""

import sys
from pathlib import Path

import pytest
import quickfix
from hypothesis import given
from hypothesis import strategies as st

from engine.codec import Fields, FrameEncoder
from engine.instrument import Instrument
from engine.sim.fix.positions import answer_positions
from engine.venue.account import VenuePosition
from engine.venue.fix44.account import Fix44Account
from engine.venue.session_account import AccountRefusal, PositionAnswer, PositionsAnnounced

NOW_NS = 1_767_623_400_250_000_000
DICTIONARY = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"
MARKETS = {name: Instrument(name, place, None) for place, name in enumerate(("RAIN", "SNOW"))}
UNITS = {name: (4, 2) for name in MARKETS}


def asked(name: str = "MINE", kind: str = "0") -> Fields:
    body = Fix44Account(UNITS, name).every_position("Q1", NOW_NS).replace(b"724=0", b"724=" + kind.encode())
    return Fields(body + b"49=MINE\x01")


def read(bodies: list[str]) -> list[object]:
    dialect = Fix44Account(UNITS, "MINE")
    return [dialect.read(Fields(body.encode())) for body in bodies]


@given(st.dictionaries(st.sampled_from(sorted(MARKETS)), st.integers(-(10**9), 10**9)))
def test_positions_come_back_as_they_are(held: dict[str, int]) -> None:
    bodies = answer_positions(asked(), held, MARKETS, NOW_NS)
    there = {symbol: net for symbol, net in sorted(held.items()) if net}
    assert read(bodies) == [
        PositionsAnnounced("Q1", len(there)),
        *[
            PositionAnswer("Q1", f"Q1-{number}", VenuePosition(symbol=symbol, net=net, fees=None), len(there))
            for number, (symbol, net) in enumerate(there.items(), 1)
        ],
    ]


def test_answers_are_valid_by_the_dictionary() -> None:
    dictionary = quickfix.DataDictionary(str(DICTIONARY))
    bodies = [
        *answer_positions(asked(), {"RAIN": 5, "SNOW": -3}, MARKETS, NOW_NS),
        *answer_positions(asked(), {}, MARKETS, NOW_NS),
        *answer_positions(asked("OTHER"), {}, MARKETS, NOW_NS),
    ]
    for body in bodies:
        frame = FrameEncoder("FIX.4.4", "VENUE", "MINE").encode(body.encode(), 1, NOW_NS)
        dictionary.validate(quickfix.Message(bytes(frame).decode(), dictionary, True))
    assert len(bodies) == 5


@pytest.mark.parametrize(
    ("request_", "text", "is_for_good"),
    [
        (asked("OTHER"), "PosReqResult(728) 3: Account(1) OTHER is another's", True),
        (asked(kind="1"), "PosReqResult(728) 1: PosReqType(724) unsupported: 1", False),
    ],
)
def test_request_that_is_not_carried_out(request_: Fields, text: str, is_for_good: bool) -> None:
    bodies = answer_positions(request_, {"RAIN": 5}, MARKETS, NOW_NS)
    assert read(bodies) == [AccountRefusal("Q1", -1, text, is_for_good)]
