"""Faults of the engine's disks: full, failing, read-only, slow, or a directory that is gone, for each thing kept there."""

import errno
from functools import partial

from engine.app.chaos.children import ENGINE
from engine.app.chaos.faults import Fault
from engine.app.chaos.life import Life
from engine.app.chaos.shim import Place, Word

SLOW_NS = 30_000_000
PLACES = {"journal": Place.JOURNAL, "store": Place.STORE, "log": Place.LOG, "state": Place.STATE}
FAILURES = {"full": errno.ENOSPC, "EIO": errno.EIO, "read-only": errno.EROFS}


def _fail(place: int, number: int, life: Life, amount: float) -> None:
    page = life.page(ENGINE)
    page[Word.DISK_ERRNO] = number
    page[Word.DISK_PLACES] = page[Word.DISK_PLACES] | place


def _slow(life: Life, amount: float) -> None:
    page = life.page(ENGINE)
    page[Word.DISK_NS] = int(amount * SLOW_NS)
    page[Word.DISK_PLACES] = 15


def _well(life: Life) -> None:
    page = life.page(ENGINE)
    page[Word.DISK_PLACES] = page[Word.DISK_ERRNO] = page[Word.DISK_NS] = 0


def _remove(name: str, life: Life, amount: float) -> None:
    folder = life.setup.place / name
    folder.rename(folder.with_name(f"away-{name}"))


def _restore(name: str, life: Life) -> None:
    folder = life.setup.place / name
    away = folder.with_name(f"away-{name}")
    if folder.exists():  # made anew meanwhile
        folder.rename(folder.with_name(f"other-{name}-{len(life.told)}"))
    away.rename(folder)


FAULTS = (
    *(
        Fault(f"{name}: {failure}", partial(_fail, place, number), _well)
        for name, place in PLACES.items()
        for failure, number in FAILURES.items()
    ),
    Fault("slow disk", _slow, _well),
    *(Fault(f"{name}: directory removed", partial(_remove, name), partial(_restore, name)) for name in ("journal", "log")),
)
