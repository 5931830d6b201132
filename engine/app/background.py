"""What runs beside the hooks: a task, a callback or a thread that fails halts trading like a hook.

A task whose error nobody asked for within `PATIENCE_S` has failed: asyncio itself would tell only when the task is
forgotten, which may be never. What only looks, the control socket and the views, is told and halts nothing.

Thread  the loop thread; a thread that fails is heard of from there.
"""

import asyncio
import contextlib
import logging
import threading
import traceback
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from engine.errors import EngineError
from engine.runtime import log
from engine.trading.controls.desk_state import DeskState
from engine.trading.supervisor import Supervisor

LOGGER = logging.getLogger(log.LOGGER)
PATIENCE_S = 0.2
LOOKERS = ("engine.ops", "engine.app.demo")
# Of callbacks: where an error comes from nowhere else, it is about one connection, which tells its end itself
PLUMBING = ("asyncio", "uvloop", *LOOKERS)
OURS = "engine."

Task: TypeAlias = "asyncio.Task[Any]"
Failed: TypeAlias = Callable[[str, BaseException], object]


def do_duty(supervisor: Supervisor, what: str, duty: Callable[[], object]) -> None:
    """Do one of the engine's duties; one that fails halts trading, early enough for every cancel."""
    try:
        duty()
    except Exception as error:
        if supervisor.state in (DeskState.WAITING, DeskState.TRADING):
            if not isinstance(error, EngineError):
                LOGGER.exception("%s failed", what)
            supervisor.halt(f"{what}: {error}")


class Background:
    """Context manager: listens to one loop; `failed` is told what failed, and with which error."""

    def __init__(self, loop: asyncio.AbstractEventLoop, failed: Failed) -> None:
        self._loop = loop
        self._failed = failed
        self._started: set[Task] = set()  # by the strategy

    def __enter__(self) -> "Background":
        self._former = self._loop.get_task_factory(), self._loop.get_exception_handler(), threading.excepthook
        self._loop.set_task_factory(self._make)
        self._loop.set_exception_handler(self._on_error)
        threading.excepthook = self._on_thread
        return self

    def __exit__(self, *_: object) -> None:
        for task in self._started:
            task.cancel()
        factory, handler, threading.excepthook = self._former
        self._loop.set_task_factory(factory)
        self._loop.set_exception_handler(handler)

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> Task:
        """Run a strategy's coroutine beside its hooks until it ends or the engine does."""
        task: Task = self._loop.create_task(coroutine, name=name or None)
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return task

    def post(self, act: Callable[[], object]) -> None:
        """Call `act` on the loop's thread soon; for any thread."""
        self._loop.call_soon_threadsafe(act)

    def _make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> Task:
        """Make a task as asyncio does, and look at its end."""
        task: Task = asyncio.Task(coroutine, loop=loop, **more)
        if not module_of(coroutine).startswith(LOOKERS):
            task.add_done_callback(self._on_end)
        return task

    def _on_end(self, task: Task) -> None:
        if is_unheard(task):
            self._loop.call_later(PATIENCE_S, self._judge, task)

    def _judge(self, task: Task) -> None:
        error = task.exception() if is_unheard(task) else None
        if error is not None:
            self._failed(f"background task {task.get_name()}", error)

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what asyncio would only log: errors of callbacks, and of tasks that were forgotten."""
        error, message = context.get("exception"), context.get("message", "an error of the loop")
        LOGGER.error("loop: %s", message, exc_info=error)
        if error is not None and any(not name.startswith(PLUMBING) for name in modules_of(error)):
            task = context.get("task") or context.get("future")
            name = f"background task {task.get_name()}" if isinstance(task, asyncio.Task) else "background callback"
            self._failed(name, error)

    def _on_thread(self, arguments: threading.ExceptHookArgs) -> None:
        """Hear of the end of a thread that failed; ours only look and write."""
        error = arguments.exc_value
        if error is None:
            return
        name = arguments.thread.name if arguments.thread else "unknown"
        LOGGER.error("thread %s failed", name, exc_info=error)
        if any(not module.startswith(OURS) and module != "threading" for module in modules_of(error)):
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._failed, f"background thread {name}", error)


def is_unheard(task: Task) -> bool:
    """Return whether a task ended with an error that nobody has asked for yet."""
    return task.done() and not task.cancelled() and bool(getattr(task, "_log_traceback", False))


def module_of(coroutine: object) -> str:
    """Return the module whose code a coroutine runs."""
    frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
    return str(frame.f_globals.get("__name__", "")) if frame is not None else ""


def modules_of(error: BaseException) -> list[str]:
    """Return the modules through which an error came, the outermost first."""
    frames = traceback.walk_tb(error.__traceback__)
    return [str(frame.f_globals.get("__name__", "")) for frame, _ in frames]
