"""Order groups by command: each deed is one request, and what does not go together is said before anything is asked."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine.app.account.commands import DEEDS as CHOICES
from engine.app.account.errands import Errands
from engine.app.account.groups import DEEDS, group_action, judged
from engine.errors import EngineError
from engine.ops.control import OperatorRequest
from engine.runtime.person import the_engine
from engine.venue import kalshi
from engine.venue.rest import Call
from tests.app.account.test_errands import end_of_begun, run

ANSWERS = {
    "get_order_groups": b'{"order_groups":[{"id":"G1","is_auto_cancel_enabled":true,"contracts_limit_fp":"50.00"}]}',
    "create_order_group": b'{"order_group_id":"G2"}',
}


class Client:
    """Answers whatever is asked, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def call(self, call: Call[Any]) -> Any:
        request = call.request
        self.asked.append(f"{request.method} {request.path.rpartition('/trade-api/v2/')[2]} {request.body.decode()}")
        return call.read(ANSWERS.get(request.operation, b"{}"))


def asked(deed: str, **more: object) -> tuple[list[str], list[str]]:
    """Return what was asked of the venue, and what the operator is told."""
    client = Client()
    side: Any = SimpleNamespace(client=client, groups=kalshi.order_groups())
    told: list[str] = []

    async def act() -> None:
        errands = Errands(lambda note: None)
        begun = group_action(errands, side)(OperatorRequest("group", "test", {"deed": deed, **more}, the_engine()))
        told.extend((await end_of_begun(errands, begun))["lines"])

    run(act())
    return client.asked, told


@pytest.mark.parametrize(
    ("deed", "more", "request_line", "line"),
    [
        ("list", {}, "GET portfolio/order_groups ", "G1: 50.00 contracts, shard 0"),
        ("create", {"limit": "50"}, "POST portfolio/order_groups/create", "G2: created, 50 contracts"),
        ("limit", {"group": "G1", "limit": "9"}, "PUT portfolio/order_groups/G1/limit", "G1: 9 contracts from now on"),
        ("reset", {"group": "G1"}, "PUT portfolio/order_groups/G1/reset", "G1: takes orders again"),
        ("trigger", {"group": "G1"}, "PUT portfolio/order_groups/G1/trigger", "G1: its orders are cancelled"),
        ("delete", {"group": "G1"}, "DELETE portfolio/order_groups/G1 ", "G1: gone, with its orders"),
    ],
)
def test_each_deed_is_one_request(deed: str, more: dict[str, object], request_line: str, line: str) -> None:
    requests, told = asked(deed, **more)
    assert len(requests) == 1 and requests[0].startswith(request_line)
    assert told == [line]


def test_every_deed_can_be_chosen() -> None:
    assert DEEDS == CHOICES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"deed": "burn"}, "'burn' is none of list, create"),
        ({"deed": "reset"}, "reset: takes the id of a group: --group ID"),
        ({"deed": "list", "group": "G1"}, "list: takes no id"),
        ({"deed": "create"}, "create: takes a number of contracts: --limit N"),
        ({"deed": "reset", "group": "G1", "limit": "5"}, "reset: takes no limit"),
        ({"deed": "list", "shard": "x"}, "or its shard is no number"),
    ],
)
def test_what_does_not_go_together_is_said(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(EngineError, match=words):
        judged(arguments)


def test_limit_that_the_venue_would_refuse_is_said() -> None:
    requests, told = asked("create", limit="0.5")
    assert requests == [] and told[0].startswith("failed: contracts_limit '0.5'")


def test_engine_without_groups_says_so() -> None:
    with pytest.raises(EngineError, match="this engine has no order groups"):
        group_action(Errands(lambda note: None), None)(OperatorRequest("group", "", {"deed": "list"}, the_engine()))
