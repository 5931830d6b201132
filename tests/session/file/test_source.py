"""The text of session files as the four engines write it: encodings, comments, headers."""

from pathlib import Path

import pytest

from tests.support.session.files import SOUND, changed, problems, read


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SOUND.encode(),
        SOUND.encode("utf-16"),
        SOUND.replace("\n", "\r\n").encode(),
        SOUND.replace("\n", "\r").encode(),
        b"# B\xf6rse \x85 Z\xfcrich\n" + SOUND.encode(),
        b"; a comment of Windows\n;Key=value\n// and of C\n" + SOUND.encode(),
        changed("[SESSION]", "[session]").replace("[DEFAULT]", "[Default]").encode(),
        changed("[SESSION]", " [ SESSION ]  # the venue").replace("[DEFAULT]", "[DEFAULT] ; for all").encode(),
        changed("HeartBtInt=30", "  heartbtint =   30  ").encode(),
    ],
    ids=["bom", "utf-16", "crlf", "cr", "latin-1", "semicolon", "lower-case", "comment-behind-header", "blanks"],
)
def test_s10_file_is_read_as_the_engines_read_it(tmp_path: Path, content: bytes) -> None:
    found = read(tmp_path, content)
    assert (found.problems, found.warnings) == ([], [])
    (session,) = found.sessions
    assert session.name == "FIX.4.4:FIRM->VENUE"
    assert session.integer("HeartBtInt") == 30
    assert session.endpoints() == [("venue.example", 9880)]


def test_s10_comment_behind_a_value_belongs_to_it_as_everywhere(tmp_path: Path) -> None:
    (session,) = read(tmp_path, changed("=FIRM", "=FIRM # ours")).sessions
    assert session.text("SenderCompID") == "FIRM # ours"


def test_lines_that_are_none_are_named_and_lines_above_a_section_once(tmp_path: Path) -> None:
    assert problems(tmp_path, SOUND + "words\n=x\n") == [
        "session.cfg:14: 'words' is neither Key=value nor # comment; correct the line",
        "session.cfg:15: '=x' is neither Key=value nor # comment; correct the line",
    ]
    assert problems(tmp_path, "A=1\nB=2\n" + SOUND) == [
        "session.cfg:1: 'A=1' and 1 more like it stands before any section; put [DEFAULT] above it"
    ]
