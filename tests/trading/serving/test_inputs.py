"""Inputs where time is moved: run at once, heard of after the time that they say they take."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from engine.errors import ConfigError, EngineError
from engine.strategy import Strategy
from engine.testing import DeskInMemory


class Asker(Strategy):
    """Writes down what its inputs hand in, and when."""

    def __init__(self) -> None:
        super().__init__(None)
        self.heard: list[tuple[int, object]] = []

    def on_input(self, value: object) -> None:
        self.heard.append((self.context.now_ns, value))


def desk_of(asker: Asker, **more: Any) -> DeskInMemory:
    desk = DeskInMemory(asker, **more)
    desk.show("RAIN", [(4_500, 5)], [(4_600, 5)])
    desk.start()
    return desk


async def fit(asker: Asker) -> None:
    """Post what is known now, let others run, and post once more."""
    asker.context.post(asker.context.book(asker.context.instruments[0]).best_bid)
    await asyncio.sleep(0)
    asker.context.post("done")


async def fail() -> None:
    raise ValueError("no model")


def test_what_it_posts_arrives_after_its_delay_and_says_what_was_known_before() -> None:
    asker = Asker()
    desk = desk_of(asker)
    began_ns = desk.clock.now_ns
    task = asker.context.run(fit(asker), "fit", delay_ns=500)
    assert task.done() and task.exception() is None and not task.cancel() and not task.cancelled()
    desk.level("RAIN", 1, 4_500, 0)
    desk.pass_time(499)
    assert asker.heard == []
    desk.pass_time(1)
    assert asker.heard == [(began_ns + 500, 4_500), (began_ns + 500, "done")]


def test_one_that_raises_halts_when_it_would_have() -> None:
    asker = Asker()
    desk = desk_of(asker, may_halt=True)
    asker.context.run(fail(), "model", delay_ns=500)
    desk.pass_time(499)
    assert not desk.halted
    desk.pass_time(1)
    assert "background input model raised ValueError: no model" in desk.halted


async def waits() -> None:
    future: asyncio.Future[None] = asyncio.Future(loop=asyncio.new_event_loop())
    try:
        await future
    finally:
        future.get_loop().close()


def test_one_that_waits_for_the_world_is_refused() -> None:
    asker = Asker()
    desk = desk_of(asker, may_halt=True)
    asker.context.run(waits(), "feed", delay_ns=0)
    desk.pass_time(1)
    assert "feed waits for something outside" in desk.halted


async def never_ends() -> None:
    while True:
        await asyncio.sleep(0)


def test_one_without_an_end_is_refused() -> None:
    asker = Asker()
    desk = desk_of(asker, may_halt=True)
    asker.context.run(never_ends(), "spin", delay_ns=0)
    desk.pass_time(1)
    assert "spin waits for something outside" in desk.halted


@pytest.mark.parametrize("delay", [None, -1])
def test_without_a_delay_it_is_refused_in_words(delay: int | None) -> None:
    asker = Asker()
    desk_of(asker)
    coroutine: Coroutine[Any, Any, None] = fit(asker)
    with pytest.raises(ConfigError, match="say by delay_ns how long it takes"):
        asker.context.run(coroutine, "fit", delay_ns=delay)
    with pytest.raises(EngineError, match="post needs a live engine"):
        asker.context.post(1)
