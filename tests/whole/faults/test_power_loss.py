"""Loss of power between two syncs: whichever of the pages written since reached the disk, nothing wrong is believed.

The files are copied after each step that ends with a sync; what a step changed is cut into pages, and every subset of
them (every prefix, forwards and backwards, where there are many) is laid over the copy from before. With sync a start
finds all that was acted on; without it a start finds a beginning of it, or is refused by a word that names the place.
"""

import shutil
from collections.abc import Iterator
from itertools import combinations, count
from pathlib import Path

import pytest

from engine.errors import JournalError
from engine.journal.mending.repair import repair
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.view.verify import verify
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.session.store.file_store import NOT_KEPT, FileStore
from tests.support.journals import journal_in, notes
from tests.support.order_reports import INSTRUMENTS

PAGE = 4096
SEGMENT = 4 * PAGE
MOST_SUBSETS = 5  # changed pages; of more only prefixes are tried
STEPS = 60
Image = dict[str, bytes]
Change = tuple[str, int]  # a file, and which of its pages


def image_of(directory: Path) -> Image:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


def changes(before: Image, after: Image) -> list[Change]:
    """Return the pages that differ, those of a new file among them."""
    found = []
    for name, content in after.items():
        old = before.get(name, b"")
        pages = range(0, max(len(content), 1), PAGE)
        found += [(name, at) for at in pages if content[at : at + PAGE] != old[at : at + PAGE] or name not in before]
    return found


def chosen(found: list[Change]) -> Iterator[tuple[Change, ...]]:
    if len(found) <= MOST_SUBSETS:
        for size in range(len(found) + 1):
            yield from combinations(found, size)
    else:
        for size in range(len(found) + 1):
            yield tuple(found[:size])
            yield tuple(found[len(found) - size :])


def laid_over(before: Image, after: Image, kept: tuple[Change, ...]) -> Image:
    """Return the files with these pages as they became, the others as they were: zeros in a file that is new."""
    made = {name: bytearray(content) for name, content in before.items() if name in after}
    for name, at in kept:
        page = after[name][at : at + PAGE]
        file = made.setdefault(name, bytearray(len(after[name])))
        if len(file) < at + len(page):
            file.extend(bytes(at + len(page) - len(file)))
        file[at : at + len(page)] = page
    return {name: bytes(content) for name, content in made.items()}


def put(image: Image, directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in image.items():
        (directory / name).write_bytes(content)
    return directory


# The journal


def noted(number: int) -> str:
    return f"note {number} " + "x" * (number * 37 % 700)


def journal_images(directory: Path, sync: bool) -> list[Image]:
    journal = journal_in(directory, segment_bytes=SEGMENT, sync=sync)
    images = [image_of(directory)]
    for number in range(STEPS):
        journal.append_note(noted(number), number)
        if number % 3 == 0:
            journal.prepare()
        images.append(image_of(directory))
    journal.abandon()
    return images


def read_notes(directory: Path) -> list[str] | None:
    """Return what a start would find; None where it is refused by name."""
    try:
        found = notes(journal_paths(directory))  # as recovery reads it
        journal_in(directory, segment_bytes=SEGMENT).close()
    except JournalError as error:
        assert str(directory) in str(error)
        return None
    return found


def test_synced_journal_loses_nothing_that_was_acted_on(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    images = journal_images(tmp_path / "journal", sync=True)
    tried = 0
    for number, (before, after) in enumerate(zip(images, images[1:], strict=False)):
        found_changes = changes(before, after)
        if len({name for name, _ in found_changes}) > 1:  # a segment began: what is before it was synced meanwhile
            continue
        for kept in chosen(found_changes):
            found = read_notes(put(laid_over(before, after, kept), tmp_path / "lost"))
            tried += 1
            assert found is not None and found[:number] == [noted(each) for each in range(number)], kept
            assert found[number:] in ([], [noted(number)])
    assert tried > STEPS


@pytest.mark.parametrize("synced_every", [STEPS, 10], ids=["none", "interval"])
def test_journal_without_sync_is_a_beginning_or_refused_by_name_until_it_is_repaired(
    tmp_path: Path, synced_every: int
) -> None:
    (tmp_path / "journal").mkdir()
    images = journal_images(tmp_path / "journal", sync=False)
    everything = [noted(each) for each in range(STEPS)]
    refused = begun = 0
    for number in range(1, STEPS, 7):
        synced = number // synced_every * synced_every
        for kept in chosen(changes(images[synced], images[number])):
            found = read_notes(put(laid_over(images[synced], images[number], kept), tmp_path / "lost"))
            refused, begun = refused + (found is None), begun + (found is not None)
            if found is None:
                found = repaired_notes(tmp_path / "lost")
            assert found == everything[: len(found)]
            assert len(found) >= synced
    assert begun and refused


def repaired_notes(directory: Path) -> list[str]:
    """Return what a start finds once the journal is repaired, which it never does without asking the venue."""
    before = {content for name, content in image_of(directory).items() if name.endswith(".journal")}
    repair(directory, "power was lost")
    (kept,) = directory.glob("damaged-*")
    after = {content for folder in (directory, kept) for content in image_of(folder).values()}
    assert before <= after  # nothing is lost
    doubts = recover(journal_paths(directory), INSTRUMENTS, Orders("A"), Portfolio(INSTRUMENTS)).doubts
    assert len(doubts) == 1, doubts
    doubt = doubts[0]
    assert "the journal was cut " in doubt and doubt.endswith(": power was lost")
    assert repair(directory, "again") == f"{directory}: nothing to repair: a start reads it"
    found = read_notes(directory)
    assert found is not None
    assert "sound" in list(verify(directory))[-1]
    return found


# The session's store


def store_in(directory: Path) -> FileStore:
    return FileStore(directory, "S", 77, is_synced=True, segment_size=SEGMENT, is_prefaulted=False)


def begun(before: Image, after: Image) -> Image:
    """Return the files with each new segment as it was made, synced, before the first message came into it."""
    made = {name: content for name, content in after.items() if name not in before and name.endswith(".log")}
    return before | {name: bytes(len(content) - 64) + content[-64:] for name, content in made.items()}


def message(number: int) -> bytes:
    return b"message %d " % number + b"x" * (number * 53 % 900)


def test_synced_store_starts_by_itself_with_every_message_that_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "store").mkdir()
    store = store_in(tmp_path / "store")
    images = [image_of(tmp_path / "store")]
    for number in range(1, STEPS + 1):
        store.append(number, message(number))
        images.append(image_of(tmp_path / "store"))
    store.close()
    filled = 0
    for number, (before, after) in zip(count(), zip(images, images[1:], strict=False)):
        before = begun(before, after)
        for kept in chosen(changes(before, after)):
            caplog.clear()
            again = store_in(put(laid_over(before, after, kept), tmp_path / "lost"))
            found, next_out = list(again.messages(1, STEPS)), again.next_out
            again.close()
            assert found[:number] == [(each, message(each)) for each in range(1, number + 1)], kept
            assert found[number:] in ([], [(number + 1, message(number + 1))], [(number + 1, NOT_KEPT)])
            assert next_out == number + 1 + len(found[number:])
            if found[number:] == [(number + 1, NOT_KEPT)]:  # the head reached the disk, and the message did not
                filled += 1
                assert f"message {number + 1} never reached the disk" in caplog.text
            again = store_in(tmp_path / "lost")  # and goes on
            again.append(next_out, b"the next")
            again.close()
            again = store_in(tmp_path / "lost")
            assert list(again.messages(1, STEPS + 1)) == [*found, (next_out, b"the next")]
            again.close()
    assert filled
