"""Beliefs add up, stay within the spreads where they can, and give the mean and variance of the examples."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.portfolio.outcomes import Outcomes, StrikeRange
from engine.portfolio.probabilities import Beliefs, Quote, beliefs, isotonic, rounded

LIMIT = 100
QUOTES = st.lists(
    st.tuples(st.integers(0, LIMIT), st.integers(0, LIMIT)).map(lambda pair: Quote(min(pair), max(pair))),
    min_size=1,
    max_size=5,
)


def believed(outcomes: Outcomes, quotes: list[Quote]) -> Beliefs:
    found = beliefs(outcomes, quotes, LIMIT)
    assert found is not None
    return found


@given(QUOTES, st.booleans())
def test_exclusive_beliefs_add_up_and_stay_within_the_quotes(quotes: list[Quote], is_complete: bool) -> None:
    outcomes = Outcomes.exclusive(len(quotes), is_complete=is_complete)
    found = believed(outcomes, quotes)
    assert sum(found.shares) == 2 * LIMIT
    assert min(found.shares) >= 0
    if found.how in ("mids", "within spreads"):
        for quote, share in zip(quotes, found.shares[-len(quotes) :], strict=True):
            assert 2 * quote.bid - 1 < share < 2 * quote.ask + 1  # rounded by less than one


@given(QUOTES)
def test_threshold_beliefs_add_up(quotes: list[Quote]) -> None:
    outcomes = Outcomes.on_one_number([StrikeRange(10 * number) for number in range(len(quotes))])
    found = believed(outcomes, quotes)
    assert sum(found.shares) == 2 * LIMIT
    assert min(found.shares) >= 0


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 5)), min_size=1, max_size=6))
def test_a_pooled_row_never_falls_and_no_step_of_one_pool_is_nearer(pairs: list[tuple[int, int]]) -> None:
    values, weights = [Fraction(value) for value, _ in pairs], [Fraction(weight) for _, weight in pairs]
    fit = isotonic(values, weights)
    assert fit == sorted(fit)

    def distance(row: list[Fraction]) -> Fraction:
        squares = [weight * (here - value) ** 2 for here, value, weight in zip(row, values, weights, strict=True)]
        return sum(squares, Fraction(0))

    for place in range(len(fit)):  # the row from here on lifted, the row up to here lowered: both still never fall
        lifted = [value + (Fraction(1, 100) if at >= place else 0) for at, value in enumerate(fit)]
        lowered = [value - (Fraction(1, 100) if at <= place else 0) for at, value in enumerate(fit)]
        assert distance(fit) < min(distance(lifted), distance(lowered))


def test_the_rest_is_none_of_them() -> None:
    found = believed(Outcomes.exclusive(3), [Quote(28, 31), Quote(44, 48), Quote(9, 12)])
    assert found.shares == (28, 59, 92, 21)
    payoffs = (-102, 3_898, -2_602, -102)
    assert found.expected(payoffs) == -72
    assert found.variance(payoffs) == 7_594_100


def test_a_complete_list_gives_way_within_its_spreads() -> None:
    found = believed(Outcomes.exclusive(3, is_complete=True), [Quote(28, 31), Quote(44, 48), Quote(24, 29)])
    assert found.how == "within spreads"
    assert found.shares == (58, 91, 51)


def test_asks_below_a_dollar_together_are_an_arbitrage() -> None:
    found = believed(Outcomes.exclusive(2, is_complete=True), [Quote(20, 30), Quote(40, 50)])
    assert found.how == "arbitrage: shares of mids"


def test_markets_that_overlap_otherwise_say_nothing() -> None:
    assert beliefs(Outcomes.on_one_number([StrikeRange(1), StrikeRange(0, 2)]), [Quote(1, 2)] * 2, LIMIT) is None


def test_rounding_goes_to_the_largest_remainders() -> None:
    assert rounded([Fraction(1, 3), Fraction(4, 3), Fraction(4, 3)], 3) == (1, 1, 1)
    assert rounded([Fraction(5, 4), Fraction(7, 4)], 3) == (1, 2)


def test_expectation_equals_what_is_certain_and_each_position_at_its_belief() -> None:
    found = Beliefs((28, 59, 92, 21), "mids")
    assert found.expected([0, 100, 0, 0]) * 2 == 59
