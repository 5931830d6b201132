"""Routing over a third party: OnBehalfOfCompID(115), DeliverToCompID(128), by the standard's case 18."""

from pathlib import Path

import pytest

from engine.session.native.settings import core_settings
from tests.support.session.scene import Scene
from tests.support.session.sockets import initiator_settings

DESKS, US = frozenset({"DESK1", "DESK2"}), frozenset({"US"})


def refused(seq_num: int, tag: int, text: str, msg_type: str = "8") -> str:
    return f"> 35=3|34=2|45={seq_num}|371={tag}|372={msg_type}|373=9|58={text}|"


def test_18_a_expected_routing_is_taken() -> None:
    scene = Scene(on_behalf_of=DESKS, deliver_to=US).up()
    first, second = "35=8|34=2|115=DESK1|128=US|37=1|", "35=8|34=3|115=DESK2|128=US|37=1|"
    assert scene.receive(first, second) == ["< " + first, "< " + second]


@pytest.mark.parametrize(("tag", "name"), [(115, "OnBehalfOfCompID"), (128, "DeliverToCompID")])
def test_18_b_unexpected_routing_is_rejected_and_the_session_goes_on(tag: int, name: str) -> None:
    scene = Scene().up()
    assert scene.receive(f"35=8|34=2|{tag}=X|37=1|", "35=8|34=3|37=2|") == [
        refused(2, tag, f"{name}({tag}) was not agreed on"),
        "< 35=8|34=3|37=2|",
    ]
    assert scene.core.next_in == 4


def test_18_b_another_name_than_agreed_is_rejected() -> None:
    assert Scene(on_behalf_of=DESKS).up().receive("35=8|34=2|115=DESK3|37=1|") == [
        refused(2, 115, "OnBehalfOfCompID(115) is none that was agreed on")
    ]


def test_18_b_missing_routing_is_rejected_where_it_was_agreed_on() -> None:
    scene = Scene(deliver_to=US).up()
    assert scene.receive("35=8|34=2|37=1|", "35=1|34=3|112=T|") == [
        refused(2, 128, "DeliverToCompID(128) missing"),
        "> 35=0|34=3|112=T|",
    ]


def test_18_b_unexpected_routing_of_a_session_message_is_rejected() -> None:
    events = Scene().up().receive("35=1|34=2|128=X|112=T|")
    assert events == [refused(2, 128, "DeliverToCompID(128) was not agreed on", "1")]


def test_18_unchecked_routing_is_taken() -> None:
    scene = Scene(on_behalf_of=None, deliver_to=None).up()
    text = "35=8|34=2|115=ANY|128=BODY|37=1|"
    assert scene.receive(text, "35=8|34=3|37=1|") == ["< " + text, "< 35=8|34=3|37=1|"]


@pytest.mark.parametrize(
    ("keys", "on_behalf_of", "deliver_to"),
    [
        ({}, frozenset(), frozenset()),
        ({"OnBehalfOfCompID": "DESK1, DESK2", "DeliverToCompID": "US"}, DESKS, US),
        ({"OnBehalfOfCompID": "*"}, None, frozenset()),
        ({"CheckCompID": "N"}, None, None),
    ],
)
def test_keys_say_what_was_agreed_on(keys: dict[str, str], on_behalf_of: object, deliver_to: object) -> None:
    settings = core_settings(initiator_settings(Path(), 1, **keys))
    assert (settings.on_behalf_of, settings.deliver_to) == (on_behalf_of, deliver_to)
