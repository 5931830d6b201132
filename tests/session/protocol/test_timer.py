"""When the session wants its timer, and what it does in the very moment that something is due."""

from engine.session.store.store import MemoryStore
from tests.support.session.scene import SECOND, START_NS, Scene


class Shift:
    """A schedule that changes at one time."""

    def __init__(self, change_ns: int) -> None:
        self.change_ns = change_ns

    def is_new(self, created_ns: int, wall_ns: int) -> bool:
        return False

    def may_log_on(self, wall_ns: int) -> bool:
        return wall_ns < self.change_ns

    def next_change(self, wall_ns: int) -> int:
        return self.change_ns


def at(scene: Scene, seconds: float) -> list[str]:
    """Call the timer once, so long after the scene began; return the types of what happened."""
    scene.core.timer(5 * SECOND + int(seconds * SECOND))
    return [event[:7] for event in scene.take()]


def test_heartbeat_leaves_when_it_is_due_and_not_a_moment_before() -> None:
    scene = Scene().up()
    assert scene.core.timer(scene.now_ns) == scene.now_ns + 30 * SECOND
    assert at(scene, 30 - 1e-9) == []
    assert at(scene, 30) == ["> 35=0|"]


def test_silence_is_tested_and_ended_when_it_is_due_and_not_a_moment_before() -> None:
    scene = Scene().up()
    at(scene, 30)
    assert at(scene, 36 - 1e-9) == []
    assert at(scene, 36) == ["> 35=1|"]
    at(scene, 66)
    assert scene.core.timer(5 * SECOND + 66 * SECOND) == 5 * SECOND + 72 * SECOND
    assert at(scene, 72 - 1e-9) == []
    assert at(scene, 72) == ["> 35=5|", "alert", "disconn", "logout"]


def test_request_for_missing_messages_is_overdue_after_its_time() -> None:
    scene = Scene(heart_bt_int=0).up(logon="98=0|108=0|")
    scene.receive("35=8|34=3|")
    assert scene.core.timer(scene.now_ns) == scene.now_ns + 30 * SECOND
    assert at(scene, 30 - 1e-9) == []
    assert at(scene, 30) == ["forsake", "> 35=5|", "alert", "logout"]


def test_change_of_the_schedule_is_a_monotonic_time() -> None:
    scene = Scene(heart_bt_int=0, core={"schedule": Shift(START_NS + 10 * SECOND)}).up(logon="98=0|108=0|")
    assert scene.core.timer(scene.now_ns) == scene.now_ns + 10 * SECOND
    assert at(scene, 10 - 1e-9) == []
    assert at(scene, 10) == ["> 35=5|"]


def test_store_that_has_more_to_prepare_is_called_again_soon() -> None:
    class Preparing(MemoryStore):
        def prepare(self) -> bool:
            return True

    scene = Scene(store=Preparing(START_NS)).up()
    assert scene.core.timer(scene.now_ns) == scene.core.armed_ns == scene.now_ns + SECOND // 20


def test_socket_that_was_full_at_the_end_of_a_connection_does_not_stop_the_next() -> None:
    scene = Scene().up()
    scene.core.pause()
    scene.send("35=D|11=A|")
    scene.core.disconnected(scene.now_ns, "lost")
    assert scene.take() == ["logout"]
    scene.connect()
    assert scene.take() == ["> 35=A|34=3|98=0|108=30|"]
