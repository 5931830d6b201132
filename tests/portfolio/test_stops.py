"""The machine against a specification that goes through the time step by step, and its cases by hand."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.portfolio.stops import LossStop, Sight, StopRule, StopState, StopVerdict

RULE = StopRule(stop=100, rearm=50, hold_ns=10, hold_odd_ns=30, gap=60, blind_ns=40)


@dataclass
class Plain:
    """The same, one unit of time after the other, with nothing but the words of the rule."""

    rule: StopRule
    state: str = "armed"
    held: int = 0
    blind: int = 0
    since_fired: int = 0
    last: int | None = None
    odd: bool = False
    sight: Sight = Sight(0)

    def judge(self) -> None:
        if self.sight.is_believed:
            if self.state == "armed" and self.sight.value <= -self.rule.stop:
                self.state, self.held = "breached", 0
            elif self.state == "breached" and self.sight.value >= -self.rule.rearm:
                self.state = "armed"

    def due(self) -> bool:
        hold = self.rule.hold_odd_ns if self.odd else self.rule.hold_ns
        if self.state == "breached" and self.sight.is_believed and self.held >= hold:
            self.state, self.since_fired = "fired", 0
            return True
        return False

    def see(self, sight: Sight) -> bool:
        self.sight = sight
        if sight.is_believed:
            self.blind = 0
            self.odd = sight.is_one_sided or (self.last is not None and abs(sight.value - self.last) > self.rule.gap)
            if not sight.is_one_sided:
                self.last = sight.value
        self.judge()
        return self.due()

    def tick(self) -> bool:
        if self.state == "breached" and self.sight.is_believed:
            self.held += 1
        self.blind += not self.sight.is_believed
        self.since_fired += self.state == "fired"
        after = self.rule.rearm_after_ns
        if self.state == "fired" and after is not None and self.since_fired >= after:
            self.state = "armed"
            self.judge()
        return self.due()

    @property
    def is_blind(self) -> bool:
        return not self.sight.is_believed and self.blind >= self.rule.blind_ns


SIGHTS = st.builds(
    Sight,
    st.one_of(st.integers(-160, 40), st.sampled_from([-100, -99, -50, -51, -101])),
    st.integers(0, 3).map(bool),
    st.integers(0, 4).map(lambda number: number == 0),
)
RULES = st.tuples(
    st.just(100),
    st.integers(0, 99),
    st.integers(0, 12),
    st.integers(12, 30),
    st.integers(1, 200),
    st.integers(1, 50),
    st.one_of(st.none(), st.integers(1, 40)),
).map(lambda parts: StopRule(*parts))


@settings(max_examples=1_000, deadline=None)
@given(RULES, st.lists(st.tuples(st.integers(0, 45), SIGHTS), min_size=1, max_size=25))
def test_every_path_is_that_of_the_plain_rule(rule: StopRule, path: list[tuple[int, Sight]]) -> None:
    stop, plain, now = LossStop(rule, 0), Plain(rule), 0
    due = 2**63
    for wait, sight in path:
        for _ in range(wait):
            now += 1
            fired = plain.tick()
            if due <= now:
                verdict = stop.look(now, plain.sight)
                fired = plain.see(plain.sight) or fired
                assert_same(stop, verdict, plain, fired)
                due = verdict.next_ns
            else:
                assert not fired, "it fires at a time that it did not name"
        fired = plain.see(sight)
        verdict = stop.look(now, sight)
        assert_same(stop, verdict, plain, fired)
        due = verdict.next_ns


def assert_same(stop: LossStop, verdict: StopVerdict, plain: Plain, fired: bool) -> None:
    assert (stop.state.value, verdict.fires, verdict.is_blind) == (plain.state, fired, plain.is_blind)


def test_it_fires_once_after_the_hold() -> None:
    stop = LossStop(RULE, 0)
    assert stop.look(0, Sight(-80)).next_ns == 2**63 - 1
    assert stop.look(5, Sight(-100)) == (False, False, 15)
    assert stop.look(15, Sight(-100)).fires
    assert not stop.look(100, Sight(-500)).fires
    stop.arm(110)
    assert stop.look(110, Sight(-500)).next_ns == 120


def test_a_gap_waits_longer_until_an_ordinary_update() -> None:
    stop = LossStop(RULE, 0)
    stop.look(0, Sight(0))
    assert stop.look(0, Sight(-120)).next_ns == 30
    assert stop.look(5, Sight(-125)).next_ns == 10  # confirmed: what it held counts


def test_time_without_a_believed_book_does_not_count() -> None:
    stop = LossStop(RULE, 0)
    stop.look(0, Sight(-80))
    stop.look(0, Sight(-110))
    assert stop.look(5, Sight(-110, is_believed=False)) == (False, False, 45)
    assert stop.look(45, Sight(-110, is_believed=False)) == (False, True, 2**63 - 1)
    assert stop.look(100, Sight(-110)) == (False, False, 105)


def test_a_profit_is_taken_by_the_mirror() -> None:
    stop = LossStop(RULE._replace(sign=-1, gap=1_000), 0)
    assert stop.look(0, Sight(-500)).next_ns == 2**63 - 1
    assert stop.look(1, Sight(100)).next_ns == 11
    assert stop.state is StopState.BREACHED


@pytest.mark.parametrize(
    "part", [{"rearm": 100}, {"rearm": -1}, {"hold_odd_ns": 9}, {"gap": 0}, {"blind_ns": 0}, {"rearm_after_ns": 0}]
)
def test_a_rule_that_contradicts_itself_is_refused(part: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must"):
        LossStop(RULE._replace(**part), 0)
