"""An operator and an engine in a process of its own: he can act, whatever its strategy does and its files hold."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.runtime.halt_word import FREE, HALT, read
from tests.support.engine.operated import Operated
from tests.support.engine.process import wait_for

Start = Callable[..., Operated]
QUOTING = """
def on_start(self):
    market = self.context.instruments[0]
    for tick in (1, 2, 3):
        self.context.buy(market, 100 * tick, 100)
"""
HOLDING = """
def on_start(self):
    self.context.buy(self.context.instruments[0], 100, 100)
    self.context.timer(300_000_000, "hold")

def on_timer(self, key):
    open(__file__ + ".held", "w").close()
    {hold}
"""
LOOPING = """
sent = 0

def on_timer(self, key):
    market = self.context.instruments[0]
    while True:
        order = self.context.buy(market, 100, 100)
        if order:
            open(__file__ + ".held", "w").close()

def on_start(self):
    self.context.timer(0)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Operated] = []

    def make(hooks: str, tables: str = "", **more: str) -> Operated:
        made.append(Operated(tmp_path, hooks, tables, **more))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        if each.engine is not None:
            each.engine.kill()
        each.close()


def alive(pair: Operated) -> int:
    return len(pair.venue_orders())


@pytest.mark.parametrize("verb", ["halt", "reduce-only"])
def test_o7_what_a_person_halted_is_halted_after_a_kill_and_a_restart(start: Start, verb: str) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    status, said, _ = pair.operate(verb, "--reason", "fire")
    if verb == "halt":
        assert (status, said) == (0, "halted: 3 of 3 cancelled\n")
        assert alive(pair) == 0
    pair.kill_engine()
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")
    found = pair.status()
    if verb == "halt":
        assert found["state"] == "halted"
        assert found["reason"].startswith("halted by ")
        assert found["reason"].endswith(": fire; resume with `fixlane resume`")
    else:
        pair.wait_until_trading()
        assert pair.status()["risk"] == "reduce_only"
    assert alive(pair) == 0
    assert pair.operate("resume", "--reason", "seen")[0] == 0
    wait_for(lambda: pair.status()["risk"] == "active" and alive(pair) >= (3 if verb == "halt" else 0), "trading")


def test_o7_halt_of_a_strategy_that_failed_is_kept(start: Start) -> None:
    pair = start("def on_start(self):\n    raise KeyError('plan')\n")
    wait_for(lambda: pair.status().get("state") == "halted", "the halt")
    pair.kill_engine()
    pair.start_engine()
    found = wait_for(pair.status, "the engine")
    assert found["state"] == "halted"
    assert "by the engine" in found["reason"] and "raised KeyError: 'plan'" in found["reason"]


def test_halt_while_no_engine_runs_holds_the_next_start(start: Start, tmp_path: Path) -> None:
    pair = start(QUOTING)
    pair.wait_until_trading()
    pair.kill_engine()
    status, said, _ = pair.operate("halt", "--reason", "night")
    held = "no engine runs here: halt holds the next start, until `fixlane resume`\n"
    assert (status, said) == (0, f"{pair.state_dir}: {held}")
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")
    assert pair.status()["state"] == "halted"
    pair.kill_engine()
    assert pair.operate("resume")[1].startswith("no engine runs here; the next start trades again; it was halted by ")
    pair.start_engine()
    pair.wait_until_trading()


@pytest.mark.parametrize("back", ["as it was", "empty"])
def test_halt_that_the_state_folder_could_not_keep_holds_the_next_start(start: Start, back: str) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    away = pair.state_dir.with_name("away")
    pair.state_dir.rename(away)
    wait_for(lambda: alive(pair) == 0, "the halt")  # nobody can read there whether a person has
    assert any("cannot be read: No such file or directory" in str(line) for line in pair.log())
    pair.kill_engine()
    if back == "as it was":
        away.rename(pair.state_dir)
        word = read(pair.state_dir)
        assert word is not None and word.state == FREE
    pair.start_engine()
    wait_for(lambda: pair.status().get("logged_on"), "the session")
    found = pair.status()
    assert found["state"] == "halted"
    assert "halt.word cannot be read: No such file or directory (by " in found["reason"]
    assert "the halt word did not say so, the journal does" in found["reason"]
    pair.kill_engine()
    assert pair.operate("resume")[1].startswith("no engine runs here; the next start trades again; it was halted by ")
    pair.start_engine()
    pair.wait_until_trading()


@pytest.mark.parametrize("broken", ["[engine", "no_such_key = 1", "\xff\x00"])
def test_o8_halt_needs_no_sound_configuration(start: Start, broken: str) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    pair.config.write_bytes(pair.config.read_bytes() + b"\n" + broken.encode("latin-1"))
    assert pair.command("halt", pair.config)[:2] == (0, "halted: 3 of 3 cancelled\n")
    assert alive(pair) == 0


def test_cancel_all_cancels_and_trades_on(start: Start) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    assert pair.operate("cancel-all")[:2] == (0, "cancel-all: 3 of 3 cancelled\n")
    assert (pair.status()["state"], pair.word.state) == ("trading", FREE)


def test_who_acted_stands_in_log_and_journal(start: Start) -> None:
    pair = start(QUOTING)
    pair.wait_until_trading()
    pair.operate("halt", "--reason", "fire")
    notes = [line for line in pair.messages() if "halt asked for by " in line]
    assert notes and notes[0].endswith("): fire")
    segments = sorted((pair.directory / "journal").glob("*.journal"))
    assert any(notes[0] in pair.command("journal", segment)[1] for segment in segments)


# A hook that does not return


def held(start: Start, hold: str, tables: str = "", **more: str) -> Operated:
    """Return an engine whose strategy has one order at the venue, and holds the loop."""
    pair = start(HOLDING.format(hold=hold), tables, **more)
    pair.wait_for_file("desk.py.held")
    assert alive(pair) == 1
    return pair


FOREVER = "while True: pass"


@pytest.mark.parametrize("mode", ["event", "busy"])
@pytest.mark.parametrize("session", ["quickfix", "native"])
def test_o4_hook_that_never_returns_is_named_and_ended(start: Start, session: str, mode: str) -> None:
    pair = held(start, FOREVER, '[watchdog]\nend_after = "1s"', session=session, mode=mode)
    assert pair.wait_for_end() == 3
    wait_for(lambda: alive(pair) == 0, "cancel on disconnect")
    warned, ended = [line for line in pair.log() if "the loop was held" in line["message"]][-2:]
    assert warned["message"].startswith("the loop was held for 0.3") and "on_timer" in warned["message"]
    assert "too long for the watchdog: connections are shut down, the process ends with status 3" in ended["message"]
    assert "on_timer\n    while True: pass" in ended["stack"]
    assert ended["message"] in pair.errors.read_text()
    assert (pair.word.state, "too long for the watchdog" in pair.word.reason) == (HALT, True)
    pair.start_engine()
    assert wait_for(pair.status, "the engine")["state"] == "halted"


def test_o4_hook_that_holds_the_interpreter_itself_is_ended(start: Start) -> None:
    pair = held(start, "ctypes.PyDLL(None).sleep(60)", '[watchdog]\nend_after = "500ms"')
    assert pair.wait_for_end() == 3
    wait_for(lambda: alive(pair) == 0, "cancel on disconnect")
    assert "compiled code that lets no other thread run" in pair.errors.read_text()
    assert (pair.word.state, pair.word.when_ns > 0) == (HALT, True)


@pytest.mark.parametrize("hold", [FOREVER, "time.sleep(1_000)", "threading.Event().wait()"])
def test_o4_second_sigterm_ends_an_engine_whose_hook_never_returns(start: Start, hold: str) -> None:
    pair = held(start, hold, '[watchdog]\nend_after = "0s"')
    assert pair.engine is not None
    pair.engine.send_signal(signal.SIGTERM)
    pair.engine.send_signal(signal.SIGTERM)
    assert pair.wait_for_end() == 3
    assert "too long for the watchdog" in pair.errors.read_text()


def test_o4_disconnected_engine_goes_on_halted_when_the_hook_returns(start: Start) -> None:
    tables = '[watchdog]\nwarn_after = "100ms"\nend_after = "500ms"\naction = "disconnect"'
    pair = held(start, "time.sleep(2)", tables)
    wait_for(lambda: alive(pair) == 0, "cancel on disconnect")
    found = wait_for(lambda: (s := pair.status()).get("state") == "halted" and s, "the halt")
    assert "too long for the watchdog" in found["reason"]
    wait_for(lambda: any(line.startswith("loop_held: the loop was held for 2.") for line in pair.messages()), "a count")


def test_halt_ends_the_sending_of_a_hook_that_loops_and_says_how_to_end_it(start: Start) -> None:
    pair = start(LOOPING, '[watchdog]\nend_after = "0s"')
    pair.wait_for_file("desk.py.held")
    status, said, _ = pair.operate("halt", "--reason", "fire")
    assert pair.engine is not None
    assert status == 1
    assert f"the engine, process {pair.engine.pid}, does not answer" in said
    assert "the halt word is set, no new order leaves\n" in said
    assert f"to end it: kill -TERM {pair.engine.pid}" in said
    (pair.directory / "desk.py.held").unlink()
    assert pair.operate("status")[0] != 0
    assert not (pair.directory / "desk.py.held").exists()
    assert pair.operate("resume")[0] == 1
    assert pair.word.state == HALT


def test_sigusr1_halts_a_hook_that_loops(start: Start) -> None:
    pair = start(LOOPING, '[watchdog]\nend_after = "0s"')
    pair.wait_for_file("desk.py.held")
    assert pair.engine is not None
    pair.engine.send_signal(signal.SIGUSR1)
    wait_for(lambda: pair.word.state == HALT, "the word")
    assert pair.word.reason == "by signal SIGUSR1"


# Signals


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR2", "SIGALRM", "SIGXCPU", "SIGPWR"])
def test_o9_whatever_ends_the_engine_cancels_and_says_so(start: Start, number: str) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    assert pair.engine is not None
    pair.engine.send_signal(signal.Signals[number])
    assert pair.wait_for_end() == 0
    assert (alive(pair), pair.word.state) == (0, FREE)
    assert f"STOP: by signal {number}" in pair.messages()


@pytest.mark.parametrize("number", ["SIGHUP", "SIGTSTP"])
def test_o9_signal_of_a_terminal_ends_nothing_and_is_told(start: Start, number: str) -> None:
    pair = start(QUOTING)
    wait_for(lambda: alive(pair) == 3, "three orders")
    assert pair.engine is not None
    pair.engine.send_signal(signal.Signals[number])
    wait_for(lambda: any(line.startswith(number) for line in pair.messages()), "its word")
    assert (pair.status()["state"], alive(pair)) == ("trading", 3)


# What runs beside the hooks


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("self.context.create_task(self.work(), 'model')", "background task model raised ValueError: bad"),
        ("self.task = asyncio.get_running_loop().create_task(self.work())", "background task Task-"),
        ("asyncio.ensure_future(self.work())", "background task Task-"),
        ("asyncio.get_running_loop().call_later(0.1, self.fail)", "background callback raised ValueError: bad"),
        ("threading.Thread(target=self.fail, name='model').start()", "background thread model raised ValueError: bad"),
        ("self.context.post('x')", "strategy hook on_input raised ValueError: bad"),
        (
            "threading.Thread(target=self.context.post, args=('x',)).start()",
            "strategy hook on_input raised ValueError: bad",
        ),
    ],
    ids=["create_task", "kept task", "forgotten task", "callback", "thread", "post", "post from a thread"],
)
def test_o27_what_fails_beside_the_hooks_halts_with_its_line(start: Start, body: str, what: str) -> None:
    hooks = f"""
def on_start(self):
    {body}

async def work(self):
    await asyncio.sleep(0.1)
    self.fail()

def on_input(self, value):
    self.fail()

def fail(self):
    raise ValueError("bad")
"""
    pair = start(hooks)
    found = wait_for(lambda: (s := pair.status()).get("state") == "halted" and s, "the halt")
    assert found["reason"].startswith(what)
    assert "desk.py:" in found["reason"]
    assert any("ValueError: bad" in json.dumps(line.get("exception", "")) for line in pair.log())


def test_task_whose_error_is_taken_has_not_failed(start: Start) -> None:
    hooks = """
def on_start(self):
    self.context.create_task(self.outer())

async def outer(self):
    try:
        await asyncio.gather(self.inner(), self.inner())
    except ValueError:
        LOGGER.info("taken")

async def inner(self):
    await asyncio.sleep(0.1)
    raise ValueError("bad")
"""
    pair = start(hooks)
    pair.wait_until_trading()
    wait_for(lambda: "taken" in pair.messages(), "the word")
    assert pair.status()["state"] == "trading"


def test_o26_loggers_of_a_strategy_write_into_the_engines_log(start: Start) -> None:
    hooks = """
def on_start(self):
    LOGGER.info("hello %s", "desk")
    LOGGER.warning("careful")
    LOGGER.debug("not shown")
    logging.getLogger("some.library").warning("of a library")
    LOGGER.info("%d is no number", "seven")
"""
    pair = start(hooks)
    pair.wait_until_trading()
    wait_for(lambda: "of a library" in pair.messages(), "the words")
    lines = [(line["logger"], line["level"], line["message"]) for line in pair.log() if line["logger"] != "fixlane"]
    assert ("desk", "info", "hello desk") in lines
    assert ("desk", "warning", "careful") in lines
    assert ("some.library", "warning", "of a library") in lines
    assert any(line[2].startswith("%d is no number (not filled in: TypeError") for line in lines)
    assert "not shown" not in pair.messages()
    assert pair.errors.read_text() == ""
