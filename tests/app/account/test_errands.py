"""An errand is begun by one request and asked after by others; it always ends, and says how."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from engine.app.account.errands import MOST_LINES, ErrandOutcome, Errands
from engine.errors import EngineError
from engine.ops.control import OperatorRequest
from engine.runtime.person import this_process


def request(action: str, **arguments: object) -> OperatorRequest:
    return OperatorRequest(action, "why", arguments, this_process())


def run(test: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20):
            await test

    asyncio.run(limited())


async def end_of(errands: Errands, work: Callable[[], Awaitable[ErrandOutcome]]) -> dict[str, Any]:
    begun = errands.action(work)(request("reconcile"))
    assert begun is not None
    while not (answer := dict(errands.answer(request("errand", **begun))))["is_done"]:
        assert answer == {"is_done": False}
        await asyncio.sleep(0)
    return answer


def test_errand_is_answered_with_its_lines_and_noted() -> None:
    notes: list[str] = []

    async def body() -> None:
        async def work() -> ErrandOutcome:
            return ErrandOutcome(["RAIN: fill missed", "1 difference"], False)

        assert await end_of(Errands(notes.append), work) == {
            "is_done": True,
            "is_good": False,
            "lines": ["RAIN: fill missed", "1 difference"],
        }

    run(body())
    assert notes == [f"reconcile of {this_process()}: 1 difference"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (EngineError("get_fills: HTTP 503"), "failed: get_fills: HTTP 503"),
        (ZeroDivisionError("0"), "failed: ZeroDivisionError: 0"),
    ],
)
def test_failure_is_an_answer(error: Exception, text: str) -> None:
    async def body() -> None:
        async def work() -> ErrandOutcome:
            raise error

        assert await end_of(Errands(lambda note: None), work) == {"is_done": True, "is_good": False, "lines": [text]}

    run(body())


def test_errand_that_hangs_is_given_up() -> None:
    async def body() -> None:
        async def work() -> ErrandOutcome:
            await asyncio.Event().wait()
            raise AssertionError

        answer = await end_of(Errands(lambda note: None, longest_s=0.01), work)
        assert answer["lines"] == ["failed: given up after 0.01 s; `fixlane status` may say why"]

    run(body())


def test_only_one_errand_at_a_time_and_only_the_last_is_told() -> None:
    async def body() -> None:
        errands = Errands(lambda note: None)
        hold = asyncio.Event()

        async def work() -> ErrandOutcome:
            await hold.wait()
            return ErrandOutcome(["line"] * (MOST_LINES + 2))

        begun = errands.action(work)(request("reload"))
        with pytest.raises(EngineError, match="reload is still under way"):
            errands.action(work)(request("reconcile"))
        hold.set()
        answer = await end_of_begun(errands, begun)
        assert answer["lines"][MOST_LINES - 1 :] == ["line", "and 2 more"]
        for number in (0, 2, None, "1"):
            with pytest.raises(EngineError, match="another errand was asked for since"):
                errands.answer(request("errand", errand=number))

    run(body())


async def end_of_begun(errands: Errands, begun: Any) -> dict[str, Any]:
    while not (answer := dict(errands.answer(request("errand", **begun))))["is_done"]:
        await asyncio.sleep(0)
    return answer


def test_errand_ends_with_the_engine() -> None:
    async def body() -> None:
        errands = Errands(lambda note: None)
        ended: list[bool] = []

        async def work() -> ErrandOutcome:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)
            raise AssertionError

        errands.action(work)(request("reload"))
        await asyncio.sleep(0)
        await errands.close()
        assert ended == [True]

    run(body())
