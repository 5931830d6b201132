"""A process that has imported everything and forks the engines and venues of random lives, so that one starts at once.

Shapes  lines of JSON on standard input, a `Birth` each, answered by `{"pid": ...}`; the end of each child is a line
        `{"ended": pid, "status": ...}`, as `subprocess` counts it. It ends with its input, and its children with it.
Thread  one, and none when it forks.
"""

import ctypes
import gc
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.app.chaos import shim
from engine.errors import EngineError

_DIE_WITH_PARENT = 1
_READY_S = 60.0


class Birth(msgspec.Struct, frozen=True):
    """What to run, and where: `role` of `children.ROLES`, in the directory of a life."""

    role: str
    directory: str


class Birthed(msgspec.Struct):
    """An answer."""

    pid: int = 0
    ended: int = 0
    status: int = 0


class Child:
    """One process of a life; `status` is None while it lives."""

    def __init__(self, nursery: "Nursery", pid: int, birth: Birth) -> None:
        self.pid, self._nursery, self._birth = pid, nursery, birth

    @property
    def status(self) -> int | None:
        """Return how it ended, a signal as a number below 0."""
        self._nursery.hear(0.0)
        return self._nursery.ended.get(self.pid)

    def send(self, number: int) -> None:
        """Send a signal; one that has ended gets none."""
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> int | None:
        """Return how it ended; None if it has not in time."""
        return self._nursery.wait(self.pid, seconds)

    @property
    def words(self) -> str:
        """Return what it wrote to standard error."""
        return error_file(self._birth).read_text(errors="replace").strip()


class Nursery:
    """The driver's side of the process."""

    def __init__(self, library: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.app.chaos.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=shim.environment(library),
        )
        self.ended: dict[int, int] = {}
        self._rest = b""
        self._born: list[int] = []

    def bear(self, role: str, directory: Path) -> Child:
        """Return a new child."""
        birth = Birth(role, str(directory))
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(birth) + b"\n")
        self._process.stdin.flush()
        while not self._born:
            if not self.hear(_READY_S):
                raise EngineError("the nursery does not answer")
        return Child(self, self._born.pop(0), birth)

    def wait(self, pid: int, seconds: float) -> int | None:
        """Return how a child ended; None if it has not in time."""
        while pid not in self.ended and self.hear(seconds):
            pass
        return self.ended.get(pid)

    def hear(self, seconds: float) -> bool:
        """Read what the process says within so long; return whether it said anything."""
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        if not select.select([file], [], [], seconds)[0]:
            return False
        data = os.read(file, 2**16)
        if not data:
            raise EngineError("the nursery has died")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            answer = msgspec.json.decode(line, type=Birthed)
            if answer.pid:
                self._born.append(answer.pid)
            else:
                self.ended[answer.ended] = answer.status
        return True

    def close(self) -> None:
        """End the process and every child."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()


def error_file(birth: Birth) -> Path:
    """Return where a child's standard error goes."""
    return Path(birth.directory) / f"{birth.role}.err"


def main() -> int:
    """Fork as asked until the input ends."""
    from engine.app.chaos import children

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.collect()
    gc.freeze()
    living: set[int] = set()
    rest = b""
    while True:
        ready = select.select([0, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _bury(living)
        if 0 in ready:
            data = os.read(0, 2**16)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                pid = _bear(msgspec.json.decode(line, type=Birth), children.run)
                living.add(pid)
                _say(Birthed(pid=pid))
    for pid in living:
        os.kill(pid, signal.SIGKILL)
    return 0


def _bury(living: set[int]) -> None:
    """Tell of every child that has ended."""
    for pid in list(living):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            living.discard(pid)
            _say(Birthed(ended=pid, status=os.waitstatus_to_exitcode(status)))


def _bear(birth: Birth, run: Callable[[str, Path], int]) -> int:
    """Return the process id of a new child."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        _settle(birth)
        status = run(birth.role, Path(birth.directory))
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(status)


def _settle(birth: Birth) -> None:
    """Be a process of its own: with its own output, signals as they are at a start, and no life after the parent's."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    _redirect(0, Path(os.devnull), os.O_RDONLY)
    _redirect(1, Path(birth.directory) / f"{birth.role}.out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    _redirect(2, error_file(birth), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.closerange(3, 64)


def _redirect(descriptor: int, path: Path, flags: int) -> None:
    file = os.open(path, flags, 0o600)
    os.dup2(file, descriptor)
    os.close(file)


def _say(answer: Birthed) -> None:
    os.write(1, msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
