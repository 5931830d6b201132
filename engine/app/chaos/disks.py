"""Faults of the engine's disks: full, failing, read-only, slow, or gone, for each thing that is kept there."""

import errno
from functools import partial

from engine.app.chaos.children import ENGINE
from engine.app.chaos.faults import LifeFault
from engine.app.chaos.life import ChaosLife
from engine.app.chaos.shim import DiskPlace, PageWord

SLOW_NS = 30_000_000
PLACES = {"journal": DiskPlace.JOURNAL, "store": DiskPlace.STORE, "log": DiskPlace.LOG, "state": DiskPlace.STATE}
OUTCOMES = {
    "journal": "what is mapped goes on; where no next segment can be made trading halts, orders are cancelled",
    "store": "the same; where the head cannot be replaced the session is not begun anew",
    "log": "lines are lost, counted as `log_lost`; trading goes on",
    "state": "the View is not written, which is told; trading goes on",
}
GONE = OUTCOMES | {
    "state": "trading halts, for nobody can read there whether a person has; it goes on once the folder is back",
    "store": "what is open is written on; trading goes on",
}
FAILURES = {"full": errno.ENOSPC, "EIO": errno.EIO, "read-only": errno.EROFS}


def _fail(place: int, number: int, life: ChaosLife, amount: float) -> None:
    page = life.page(ENGINE)
    page[PageWord.DISK_ERRNO] = number
    page[PageWord.DISK_PLACES] = page[PageWord.DISK_PLACES] | place


def _slow(life: ChaosLife, amount: float) -> None:
    page = life.page(ENGINE)
    page[PageWord.DISK_NS] = int(amount * SLOW_NS)
    page[PageWord.DISK_PLACES] = 15


def _well(life: ChaosLife) -> None:
    page = life.page(ENGINE)
    page[PageWord.DISK_PLACES] = page[PageWord.DISK_ERRNO] = page[PageWord.DISK_NS] = 0


def _remove(name: str, life: ChaosLife, amount: float) -> None:
    folder = life.setup.place / name
    folder.rename(folder.with_name(f"away-{name}"))


def _restore(name: str, life: ChaosLife) -> None:
    folder = life.setup.place / name
    away = folder.with_name(f"away-{name}")
    if folder.exists():  # made anew meanwhile
        folder.rename(folder.with_name(f"other-{name}-{len(life.told)}"))
    away.rename(folder)


FAULTS = (
    *(
        LifeFault(f"{name}: {failure}", OUTCOMES[name], partial(_fail, place, number), _well)
        for name, place in PLACES.items()
        for failure, number in FAILURES.items()
    ),
    LifeFault("slow disk", "duties off the path take longer; the path has its pages already", _slow, _well),
    *(
        LifeFault(
            f"{name}: directory removed",
            GONE[name],
            partial(_remove, name),
            partial(_restore, name),
        )
        for name in PLACES
    ),
)
