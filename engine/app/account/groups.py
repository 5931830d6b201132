"""Order groups of a running engine: made and changed at an operator's word.

Errors  EngineError, which is the answer, for what cannot be asked for.
Thread  the loop thread.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.app.account.errands import ErrandOutcome, Errands
from engine.app.account.side import AccountSide
from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest
from engine.venue.order_groups import OrderGroupDialect
from engine.venue.rest import Call

DEEDS = ("list", "create", "limit", "reset", "trigger", "delete")
_WITH_LIMIT = ("create", "limit")
_NONE = "this engine has no order groups: [rest] with a venue that has them is missing"

Ask = Callable[[Call[Any]], Awaitable[Any]]


def group_action(errands: Errands, side: AccountSide | None) -> Action:
    """Return what the control socket takes for order groups."""

    def begin(request: OperatorRequest) -> Answer | None:
        """Begin what is asked for."""
        if side is None or side.groups is None:
            raise EngineError(_NONE)
        groups, ask, asked = side.groups, side.client.call, judged(request.arguments)

        async def work() -> ErrandOutcome:
            """Ask the venue."""
            return ErrandOutcome(await carry_out(groups, ask, *asked))

        return errands.action(work)(request)

    return begin


def judged(arguments: Mapping[str, object]) -> tuple[str, str, str, int]:
    """Return deed, group, limit and shard; EngineError for what does not go together."""
    deed, group, limit = [str(arguments.get(name, "")) for name in ("deed", "group", "limit")]
    shard = arguments.get("shard", 0)
    if deed not in DEEDS or not isinstance(shard, int):
        raise EngineError(f"{deed!r} is none of {', '.join(DEEDS)}, or its shard is no number")
    if bool(group) != (deed not in ("list", "create")):
        raise EngineError(f"{deed}: takes {'no id' if group else 'the id of a group: --group ID'}")
    if bool(limit) != (deed in _WITH_LIMIT):
        raise EngineError(f"{deed}: takes {'no limit' if limit else 'a number of contracts: --limit N'}")
    return deed, group, limit, shard


async def carry_out(groups: OrderGroupDialect, ask: Ask, deed: str, group: str, limit: str, shard: int) -> list[str]:
    """Do one deed; return what came of it, in lines for people."""
    if deed == "list":
        found = await ask(groups.groups())
        return [f"{each.group_id}: {each.limit or 'no'} contracts, shard {each.shard}" for each in found] or ["none"]
    if deed == "create":
        return [f"{await ask(groups.create(limit, shard))}: created, {limit} contracts"]
    if deed == "limit":
        await ask(groups.set_limit(group, limit, shard))
        return [f"{group}: {limit} contracts from now on"]
    await ask({"reset": groups.reset, "trigger": groups.trigger, "delete": groups.delete}[deed](group, shard))
    words = {"reset": "takes orders again", "trigger": "its orders are cancelled", "delete": "gone, with its orders"}
    return [f"{group}: {words[deed]}"]
