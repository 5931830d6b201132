"""The command `fixlane session`: stores converted, archives printed, and what is said when neither can be."""

from pathlib import Path

import pytest

from engine import cli
from engine.session.store.file_store import FileStore
from tests.support.session.scene import START_NS
from tests.support.session.sockets import initiator_settings

NAME = "FIX.4.4-US-PEER"
ORDER = b"8=FIX.4.4\x019=5\x0135=D\x0134=1\x0111=A\x0110=000\x01"
LOGON = b"8=FIX.4.4\x0135=A\x0134=2\x01554=hush\x01"


@pytest.fixture
def session_file(tmp_path: Path) -> Path:
    """A session file, and a native store with one message."""
    store = FileStore(tmp_path / "us", NAME, START_NS)
    store.append(1, ORDER)
    store.set_next_in(9)
    store.close()
    file = tmp_path / "s.cfg"
    lines = (f"{key}={value}" for key, value in initiator_settings(tmp_path, 1).values.items())
    file.write_text("\n".join(["[SESSION]", *lines]))
    return file


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Return exit status, output and errors of `fixlane session` with these arguments."""
    status = cli.main(["session", *map(str, argv)])
    return (status, *capsys.readouterr())


def test_convert_moves_every_session_there_and_back(session_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = "FIX.4.4:US->PEER: 2 out, 9 in, 1 messages\n"
    assert run(capsys, "convert", session_file, "quickfix") == (0, moved, "")
    assert (session_file.parent / "us" / f"{NAME}.body").read_bytes() == ORDER
    assert run(capsys, "convert", session_file, "native") == (0, moved, "")


def test_convert_says_which_store_is_damaged(session_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "convert", session_file, "quickfix")
    numbers = session_file.parent / "us" / f"{NAME}.seqnums"
    numbers.write_text("nonsense")
    status, output, errors = run(capsys, "convert", session_file, "native")
    assert (status, output) == (1, "")
    assert errors == f"fixlane: {numbers}: does not hold two numbers; restore the file\n"


def test_convert_wants_a_session_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output, errors = run(capsys, "convert", tmp_path / "absent.cfg", "native")
    assert (status, output) == (2, "") and str(tmp_path / "absent.cfg") in errors


def test_kind_must_be_one_of_two(session_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(capsys, "convert", session_file, "fast")
    assert "invalid choice: 'fast'" in capsys.readouterr().err


def test_archive_prints_what_was_sent_without_secrets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = FileStore(tmp_path, "S", START_NS)
    store.append(1, ORDER)
    store.append(2, LOGON)
    store.reset(START_NS)
    store.close()
    (file,) = (tmp_path / "archive").iterdir()
    shown = "8=FIX.4.4|9=5|35=D|34=1|11=A|10=000|\n8=FIX.4.4|35=A|34=2|554=***|\n"
    assert run(capsys, "archive", file, file) == (0, 2 * shown, "")


def test_archive_names_the_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, damaged = tmp_path / "empty", tmp_path / "damaged"
    empty.write_bytes(b"")
    damaged.write_bytes(b"\x08" + bytes(39))
    for file in (empty, damaged):
        status, _, errors = run(capsys, "archive", file)
        assert status == 1 and errors.startswith(f"fixlane: {file}: ")
    status, _, errors = run(capsys, "archive", tmp_path / "absent")
    assert status == 1 and "absent" in errors
