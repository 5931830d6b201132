"""The demo's screen and its short lines, drawn from a made-up engine: what they show, and that they fit."""

import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl

import msgspec
import pytest
from rich.console import Console

from engine.app.demo import display
from engine.app.demo.display import Display, live_line
from engine.app.demo.look import DemoFacts, LatencyLook, Look, Looker, MarketFacts, MarketLook, read_facts
from engine.app.demo.screen import newest_lines
from engine.app.demo.view import view
from tests.support.demo_engine import demo_engine

STORY = (
    "A simulated exchange runs beside us as a process of its own: invented markets, no real money. The engine reads "
    "its market data over WebSocket and trades over FIX (session quickfix, mode event). Strategy TwoSidedQuoter: A "
    "two-sided quoter that leans against its inventory: one post-only bid and one post-only offer in every market."
)
FIGURES = """\
market data      0 frames/s, 0 so far
orders           5 new, 0 moved, 0 cancelled, 0 held back by risk checks
fills            1
frame to order   last 7.5  p50 7.5  p99 7.5 us
order to answer  p50 12.0  p99 12.0 us
"""
MARKETS = """\
market  size     bid     ask  size  my bid  my ask  position  profit $
RAIN    1.00  0.4500  0.4600  1.00  0.4400  0.4700     +0.10   -0.0010
SNOW    1.00  0.4500  0.4600  1.00  0.4400       -         -   +0.0000
all                                                            -0.0010
"""


def drawn(facts: DemoFacts, look: Look, width: int, height: int = 24) -> list[str]:
    """The page as rows of text; one that is too wide would be two rows."""
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None, soft_wrap=False)
    console.print(view(facts, look, width, height))
    assert isinstance(console.file, io.StringIO)
    return [row.rstrip() for row in console.file.getvalue().splitlines()]


def made_up() -> tuple[DemoFacts, Look]:
    engine = demo_engine()
    return read_facts(engine, 30.0, False), Looker(engine).look(12.0)


def markets(count: int, factor: int = 1) -> tuple[DemoFacts, Look]:
    """The made-up look with `count` markets of long names, and figures `factor` times as large."""
    facts, look = made_up()
    names = [f"KXDEMOCOIN15M-26DEC011200-T{number}" for number in range(count)]
    row = MarketLook(4_500, 12_345 * factor, 4_600, 12_345 * factor, 4_400, 4_700, -500 * factor, -123_400 * factor)
    latency = LatencyLook(9, 123_456 * factor, 123_456 * factor, 123_456 * factor)
    replace = msgspec.structs.replace
    look = replace(look, markets=[row] * count, tick_to_order=latency, round_trip=latency, fills=10**4 * factor)
    look = replace(look, orders=10**4 * factor, replaces=10**4 * factor, frames_per_second=1_000.0 * factor)
    return replace(facts, markets=[MarketFacts(name, 4, 2) for name in names]), look


@pytest.mark.parametrize("width", [80, 120])
def test_page_shows_books_quotes_positions_and_money(width: int) -> None:
    page = drawn(*made_up(), width)
    title, blank = page[0], page.index("")
    assert title == "Fixlane demo  trading" + "18 s left, Ctrl-C ends it".rjust(width - 21)
    assert " ".join(page[1:blank]) == STORY
    assert blank == (6 if width == 80 else 4)
    assert page[blank + 1 :] == [*FIGURES.splitlines(), "", *MARKETS.splitlines()]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("factor", [1, 10])
def test_o21_page_of_eight_markets_fits_a_terminal_of_24_rows(width: int, factor: int) -> None:
    page = drawn(*markets(8, factor), width)
    assert max(map(len, page)) <= width
    assert len(page) <= 24
    head = next(row for row in page if row.startswith("market  "))
    assert head.endswith("position profit $" if width == 80 else "position  profit $")
    first = page[page.index(head) + 1]
    assert first.split()[0] == ("KXDEMOCOIN15M-26DEC011200-T0" if width > 100 else first.split()[0])
    assert first.endswith("-0.1234" if factor == 1 else "-1.2340")
    assert "…" not in first.partition(" ")[2]


def test_columns_stand_closer_where_they_would_not_fit() -> None:
    width = len(MARKETS.splitlines()[0])
    assert drawn(*made_up(), width)[-4] == MARKETS.splitlines()[0]
    assert drawn(*made_up(), width - 1)[-4] == "market size    bid    ask size my bid my ask position profit $"


def test_page_of_more_markets_than_rows_says_how_many_are_missing() -> None:
    page = drawn(*markets(40), 80)
    assert len(page) == 24
    shown = sum(row.startswith("KX") for row in page)
    assert page[-2] == f"and {40 - shown} more"
    assert page[-1].startswith("all ")
    assert shown > 5


def test_page_says_why_it_waits_and_what_is_recorded() -> None:
    facts, look = made_up()
    look = msgspec.structs.replace(look, state="waiting", reason="session is not logged on")
    page = drawn(msgspec.structs.replace(facts, is_captured=True), look, 80)
    assert page[0].startswith("Fixlane demo  waiting: session is not logged on  ")
    assert "recorded prices of real markets" in " ".join(page)


def test_numbers_have_the_decimals_of_their_instrument() -> None:
    facts, look = made_up()
    facts = msgspec.structs.replace(facts, markets=[MarketFacts("A", 3, 6), MarketFacts("B", 0, 0)])
    book = MarketLook(450, 1_500_000, None, 0, None, 460, 2_000_000, 123_456_789)
    rows = drawn(facts, msgspec.structs.replace(look, markets=[book, book]), 120)[-3:-1]
    assert [row.split() for row in rows] == [
        ["A", "1.500000", "0.450", "-", "-", "-", "0.460", "+2.000000", "+0.1235"],
        ["B", "1500000", "450", "-", "-", "-", "460", "+2000000", "+123456789"],
    ]


def test_look_reads_percentiles_and_rate_once_a_second() -> None:
    engine = demo_engine()
    watch = Looker(engine)
    assert watch.look(0.5).tick_to_order == LatencyLook(0, 7_500, 0, 0)
    engine.counters.frames = 300
    look = watch.look(1.5)
    assert (look.frames_per_second, look.tick_to_order) == (200.0, LatencyLook(1, 7_500, 7_500, 7_500))
    engine.counters.frames = 900
    engine.trading.tick_to_order.record(9_000)
    look = watch.look(2.0)
    assert (look.frames, look.frames_per_second, look.tick_to_order) == (
        900,
        200.0,
        LatencyLook(1, 9_000, 7_500, 7_500),
    )


def test_own_quotes_are_the_best_of_each_side() -> None:
    rain, snow = made_up()[1].markets
    assert (rain.own_bid, rain.own_ask, rain.net, rain.pnl) == (4_400, 4_700, 10, -1_007)
    assert (snow.own_bid, snow.own_ask, snow.net, snow.pnl) == (4_400, None, 0, 0)


@pytest.mark.parametrize("factor", [1, 100, 100_000])
def test_short_line_is_not_wider_than_80_columns(factor: int) -> None:
    line = live_line(*markets(8, factor))
    assert len(line) <= 80
    assert ("frames/s" in line) == (factor == 1)
    assert line.startswith("12 s trading ")


def test_short_line_shows_time_state_rates_and_money() -> None:
    assert live_line(*made_up()) == "12 s trading 0 frames/s 5 sent 1 fills +0.00 $ p50 7.5 p99 7.5 us"


def test_display_without_a_terminal_writes_short_lines(capsys: pytest.CaptureFixture[str]) -> None:
    engine = demo_engine()
    shown = Display(engine, read_facts(engine, 30.0, False))
    shown._refresh(12.0)
    shown.close()
    assert capsys.readouterr().err == "12 s trading 0 frames/s 5 sent 1 fills +0.00 $ p50 7.5 p99 7.5 us\n"


# The process that draws


def test_newest_line_is_all_that_is_drawn() -> None:
    read, write = os.pipe()
    lines = newest_lines(read)
    os.write(write, b"facts\n1\n2\n3")
    assert (next(lines), next(lines)) == (b"facts", b"2")
    os.write(write, b"3\n4\n5")
    os.close(write)
    assert list(lines) == [b"4"]
    os.close(read)


@pytest.mark.parametrize("columns", [80, 120])
def test_screen_draws_on_the_terminal_and_gives_it_back(columns: int) -> None:
    facts, look = made_up()
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "engine.app.demo.screen"]
    lines = msgspec.json.encode(facts) + b"\n" + msgspec.json.encode(look) + b"\n"
    done = subprocess.run(command, input=lines, stderr=theirs, timeout=30, env=environment | {"TERM": "xterm"})
    os.close(theirs)
    text = b""
    while data := read_terminal(ours):
        text += data
    os.close(ours)
    assert done.returncode == 0
    begin, end = b"\x1b[?1049h", b"\x1b[?1049l"  # of the alternate screen
    assert text.index(begin) < text.index(b"SNOW") < text.index(end)
    page = text[text.index(b"Fixlane") : text.index(end)].split(b"\x1b[?1049l")[0]
    assert page.count(b"\n") == 23  # the last of 24 rows has none: nothing scrolls


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # everybody has closed the other end
        return b""


def test_screen_that_is_busy_or_dead_does_not_hold_up_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, look = made_up()
    monkeypatch.setattr(sys, "executable", "/bin/sleep")  # takes our arguments for a time, complains and ends
    screen = display.Screen(facts)
    screen._process.wait(10)
    screen.show(look)
    screen.show(look)
    screen.close()


def test_look_that_does_not_fit_into_the_pipe_is_finished_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, look = made_up()
    read, write = os.pipe()
    os.set_blocking(write, False)
    screen = object.__new__(display.Screen)
    screen._descriptor, screen._unwritten = write, msgspec.json.encode(facts) + b"\n"
    for number in range(2_000):  # far more than a pipe holds
        screen.show(msgspec.structs.replace(look, frames=number))
    text = b""
    for number in range(2_000, 2_003):
        text += os.read(read, 2**20)
        screen.show(msgspec.structs.replace(look, frames=number))
    os.close(write)
    text += os.read(read, 2**20)
    first, *looks = text.splitlines()
    assert json.loads(first)["seconds"] == 30.0
    numbers = [json.loads(each)["frames"] for each in looks]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 2_002
    os.close(read)
