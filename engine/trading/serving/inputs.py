"""Inputs of a strategy where time is moved, as in a backtest: run at once, heard of when they would have been done.

A coroutine that computes and posts takes no time of the clock by itself; how long it would take is declared with it.
One that waits for something outside cannot be run here: what it waits for has no place in moved time.

Errors  ConfigError for one that waits.
Thread  the loop thread only.
"""

from collections.abc import Coroutine
from typing import Any

from engine.errors import ConfigError

MOST_TURNS = 1_000  # of a coroutine that lets others run, as by `asyncio.sleep(0)`


class EndedInput:
    """What `context.run` returns of an input that was run at once, as far as a task has it."""

    def __init__(self, error: BaseException | None) -> None:
        self._error = error

    def done(self) -> bool:
        """Return that it is over."""
        return True

    def cancelled(self) -> bool:
        """Return that it was not cancelled."""
        return False

    def cancel(self, msg: object = None) -> bool:
        """Return that it is too late for that."""
        return False

    def exception(self) -> BaseException | None:
        """Return what it raised."""
        return self._error


def run_at_once(coroutine: Coroutine[Any, Any, object], name: str) -> EndedInput:
    """Run a coroutine to its end."""
    try:
        for _ in range(MOST_TURNS):
            if coroutine.send(None) is not None:
                break
    except StopIteration:
        return EndedInput(None)
    except Exception as error:
        return EndedInput(error)
    finally:
        coroutine.close()
    return EndedInput(ConfigError(f"{name} waits for something outside: where time is moved it may compute and post"))
