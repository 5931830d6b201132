"""What enters an engine is noted in order with the times that it read, and comes back the same."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from engine.app.paper.session import PaperSession
from engine.app.replay import turns as turn_files
from engine.app.replay.entries import MESSAGE, NOTICE, PLAIN, Facts, join_actions
from engine.app.replay.facts import facts_of, put_state, state_in
from engine.app.replay.playing import ReadTimes, ReplayedEntries, ReplayedSession
from engine.app.replay.recording import RecordedEntries
from engine.app.replay.turns import BEGIN, END, Turn, TurnLog, find_turns, read_turns
from engine.codec import Fields
from engine.config.engine import load
from engine.config.shipped import config_path
from engine.errors import DecodeError, EngineError, SessionError
from engine.ops.control import OperatorRequest
from engine.runtime.notices import NoticeKind
from engine.runtime.person import Person

FACTS = Facts("n", "f", "d", "s", "session", "none", 1, 1)


class Kept:
    """A log that keeps entries in memory."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def start(self) -> None:
        pass

    def add(self, turn: Turn) -> None:
        self.turns.append(turn)

    def close(self) -> None:
        pass


def recorded() -> tuple[RecordedEntries, Kept]:
    log = Kept()
    entries = RecordedEntries(cast(TurnLog, log), {"risk.json": "{}"})
    entries.begin(FACTS)
    return entries, log


def shown(turns: list[Turn]) -> list[tuple[Any, ...]]:
    return [(turn.number, turn.what, turn.args, turn.mono, turn.wall, turn.is_inside) for turn in turns[1:]]


def test_times_belong_to_the_entry_in_which_they_were_read() -> None:
    entries, log = recorded()
    mono, wall = entries.monotonic(count(100).__next__), entries.wall(count(7_000).__next__)
    on_frame = entries.frames(1, lambda frame, is_last: (mono(), wall(), mono()))
    tick = entries.entry("tick", lambda: wall())
    on_frame(b"{}", True)
    tick()
    mono()  # between two entries
    on_frame(b"{}", False)
    entries.close()
    assert log.turns[0].args == [FACTS._replace(state={"risk.json": "{}"})._asdict()]
    assert shown(log.turns) == [
        (1, "frame", [1], [100, 101], [7_000], False),
        (2, "tick", [], [102], [7_001], False),
        (3, "frame", [1], [103, 104], [7_002], False),
        (4, END, [], [], [], False),
    ]


def test_entry_within_another_is_a_part_of_it_but_for_what_a_session_says() -> None:
    entries, log = recorded()
    halt = entries.entry("halt", lambda reason: None)
    lost = entries.of_session("on_logout", lambda reason: halt(reason), PLAIN)
    entries.entry("tick", lambda: (halt("inside"), lost("gone")))()
    halt("outside")
    entries.close()
    told = [(turn.what, turn.args, turn.is_inside) for turn in log.turns[1:-1]]
    assert told == [("tick", [], False), ("on_logout", ["gone"], True), ("halt", ["outside"], False)]


def test_entry_that_raises_is_over() -> None:
    entries, log = recorded()
    broken = entries.entry("tick", lambda: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            broken()
    entries.close()
    assert [turn.is_inside for turn in log.turns] == [False] * 4


def test_timers_are_known_by_the_order_in_which_they_were_made() -> None:
    entries, log = recorded()
    made: list[Callable[[], None]] = []
    later = entries.call_later(lambda delay_ns, due: made.append(due))
    heard: list[str] = []
    later(5, lambda: heard.append("a"))
    later(3, lambda: heard.append("b"))
    made[1]()
    made[0]()
    entries.close()
    assert [(turn.what, turn.args) for turn in log.turns[1:3]] == [("timer", [1]), ("timer", [0])]
    again = ReplayedEntries()
    later = again.call_later(lambda delay_ns, due: None)
    later(5, lambda: heard.append("A"))
    later(3, lambda: heard.append("B"))
    for turn in log.turns[1:3]:
        again.fire(turn.args[0])
    assert heard == ["b", "a", "B", "A"]
    with pytest.raises(EngineError, match="timer 0 was due, and was not made this time"):
        again.fire(0)


def test_what_enters_comes_back_the_same() -> None:
    raw = "8=FIX.4.4\x019=20\x0135=8\x0158=caf\xe9\x0110=000\x01".encode("latin-1")
    request = OperatorRequest("halt", "why", {"symbol": "RAIN"}, Person(5, 6, "somebody"))
    heard: list[Any] = []
    entries, log = recorded()
    again = ReplayedEntries()
    for each in (entries, again):
        message = each.of_session("on_message", lambda fields: heard.append(fields.raw), MESSAGE)
        refused = each.of_session("on_refused", lambda fields, *more: heard.append((fields.raw, *more)), MESSAGE)
        notice = each.of_session("on_notice", lambda kind, text: heard.append((kind, text)), NOTICE)
        actions = join_actions(each, {"halt": lambda asked: heard.append(asked), "status": lambda asked: {}})
        if each is entries:
            message(Fields(raw))
            refused(Fields(raw), 5, "no")
            notice(NoticeKind.SESSION_GAP, "text")
            actions["halt"](request)
            actions["status"](request._replace(action="status"))  # looks, and changes nothing
    entries.close()
    then, heard[:] = list(heard), []
    for turn in msgspec.json.decode(msgspec.json.encode(log.turns), type=list[Turn])[1:-1]:
        again.enter(turn.what, turn.args)
    assert heard == then == [raw, (raw, 5, "no"), (NoticeKind.SESSION_GAP, "text"), request]
    assert isinstance(heard[2][0], NoticeKind)
    with pytest.raises(EngineError, match="'feed 3' entered, and this engine has no such way in"):
        again.enter("feed 3", [])
    with pytest.raises(EngineError, match="no connection 2 of the feed"):
        again.frame(1, b"{}", True)


def test_times_that_are_asked_for_beyond_the_record_repeat_the_last_and_are_counted() -> None:
    times = ReadTimes()
    times.take([5, 6])
    assert [times.next() for _ in range(4)] == [5, 6, 6, 6]
    times.take([7, 8, 9])
    assert times.next() == 7
    times.take([])
    assert (times.beyond, times.unread) == (2, 2)


def test_session_is_as_it_stood() -> None:
    session = ReplayedSession(FACTS)
    with pytest.raises(SessionError):
        session.send(b"35=D\x01")
    session.stand([1, 0, 8, 9])
    session.send(b"35=D\x01")
    assert (session.is_logged_on, session.is_behind, session.next_sender_seq_num, session.phase) == (
        True,
        False,
        9,
        "logged on",
    )


def test_entries_come_back_from_their_files(tmp_path: Path) -> None:
    told: list[str] = []
    log = TurnLog(tmp_path, told.append, 1_796_137_200_000_000_000, 7)
    log.start()
    turns = [Turn(0, BEGIN), *(Turn(number, "tick", [], [number], [number]) for number in range(1, 50_000))]
    for turn in turns:
        log.add(turn)
    log.close()
    (paths,) = find_turns(tmp_path)
    assert [*read_turns(paths, told.append)] == turns
    assert told == []


def test_entries_without_room_are_told_and_missed_when_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_files, "MOST_WAITING", 2)
    told: list[str] = []
    log = TurnLog(tmp_path, told.append, 1_796_137_200_000_000_000, 7)
    for number in range(5):
        log.add(Turn(number, "tick"))
    log.close()
    assert len(told) == 1 and "3 entries were not recorded: this run cannot be replayed" in told[0]
    log = TurnLog(tmp_path / "other", told.append, 1_796_137_200_000_000_000, 7)
    for number in (0, 2):
        log.add(Turn(number, "tick"))
    log.close()
    with pytest.raises(DecodeError, match="entry 1 is missing: what follows it is entry 2"):
        [*read_turns(find_turns(tmp_path / "other")[0], told.append)]


def test_facts_name_what_is_not_recorded_and_keep_the_state(tmp_path: Path) -> None:
    config = load(config_path("engine.toml"))
    assert facts_of(config, "n", ReplayedSession(FACTS), "f").beside == []
    assert facts_of(config, "n", PaperSession(lambda call: None), "f").beside == ["paper trading"]
    (tmp_path / "halt.word").write_bytes(bytes(range(256)))
    state = state_in(tmp_path)
    put_state(tmp_path / "again", state)
    assert state_in(tmp_path / "again") == state and set(state) == {"halt.word"}
