"""What comes later changes nothing before it: on both exchanges, whatever a strategy does."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from msgspec import structs

from engine.backtest.fast.columns import columns_of
from engine.backtest.fast.runner import FastRunner
from engine.backtest.history import TimedFrame
from engine.backtest.latency import Latency
from engine.backtest.runner import Ended, Runner
from tests.support.made_frames import made_frames, made_markets
from tests.support.traders import ChanceTrader, FreeTrades, parts_for

LATE = structs.replace(Latency(), new_ns=5_000_000, cancel_ns=2_000_000, replace_ns=9_000_000, answer_ns=4_000_000)
MARKETS, STEPS, FORK = 2, 160, 80
SEEDS = range(12)


def slow(frames: Sequence[TimedFrame], trader: ChanceTrader) -> Ended:
    return Runner(parts_for(trader), made_markets(MARKETS), frames, FreeTrades(), LATE).run()


def fast(frames: Sequence[TimedFrame], trader: ChanceTrader) -> Ended:
    return FastRunner(parts_for(trader), columns_of(frames, made_markets(MARKETS)), FreeTrades(), LATE).run()


def forked(seed: int, tail: int) -> list[TimedFrame]:
    """Return frames that are those of every other tail up to the fork, heard a millisecond after they happened."""
    return made_frames(seed, MARKETS, STEPS, lag_ns=0, fork=(FORK, Random(f"{seed}/{tail}")))


def before(ended: Ended, trader: ChanceTrader, until_ns: int) -> dict[str, Any]:
    """Return everything that was done, heard and worth before a time."""
    requests = [each for each in ended.told.requests if each.sent_ns < until_ns]
    known = ("kind", "cl_ord_id", "symbol", "side", "price", "qty", "sent_ns", "arrived_ns")
    return {
        "requests": [[getattr(each, name) for name in known] for each in requests],
        "fills": [each for each in ended.fills if each.heard_ns < until_ns],
        "worth": [each for each in ended.told.worth if each.now_ns < until_ns],
        "heard": [each for each in trader.heard if each[0] != "fill" and each[0] < until_ns],
    }


@pytest.mark.parametrize("run", [slow, fast])
def test_another_future_changes_nothing_before_it(run: Any) -> None:
    differ = fills = 0
    for seed in SEEDS:
        first, second = forked(seed, 1), forked(seed, 2)
        pairs = zip(first, second, strict=False)
        fork_ns = next(min(one.venue_ns, two.venue_ns) for one, two in pairs if one != two)
        one, two = ChanceTrader(seed), ChanceTrader(seed)
        ended, other = run(first, one), run(second, two)
        assert before(ended, one, fork_ns) == before(other, two, fork_ns)
        fills += len(before(ended, one, fork_ns)["fills"])
        differ += before(ended, one, 2**62) != before(other, two, 2**62)
    assert differ == len(SEEDS) and fills > 20


@pytest.mark.parametrize("run", [slow, fast])
def test_data_shifted_by_a_nanosecond_move_only_what_comes_after(run: Any) -> None:
    differ = 0
    for seed in SEEDS:
        frames = made_frames(seed, MARKETS, STEPS)
        place = len(frames) // 2
        later = [each._replace(venue_ns=each.venue_ns + 1, recv_ns=each.recv_ns + 1) for each in frames[place:]]
        one, two = ChanceTrader(seed), ChanceTrader(seed)
        ended, other = run(frames, one), run([*frames[:place], *later], two)
        shift_ns = frames[place].venue_ns
        assert before(ended, one, shift_ns) == before(other, two, shift_ns)
        differ += before(ended, one, 2**62) != before(other, two, 2**62)
    assert differ == len(SEEDS)
