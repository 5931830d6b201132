"""Configuration that is wrong: every mistake is named with its path, all of them at once."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import fields

from engine.config.engine import load
from engine.config.markets import load_instruments
from engine.errors import ConfigError
from engine.risk.limits import Limits
from engine.units import NO_LIMIT, Unit
from tests.support.configs import DUPLICATES, ENGINE, FEED, MARKETS, RATE, RISK, SESSION, STRATEGY, WHOLE, edited, wrong
from tests.support.places import CONFIG

SHIPPED = CONFIG / "engine.toml"


OPTIONAL = {field.encode_name for field in fields(Limits) if not field.required}
REQUIRED = {line.split(" ")[0] for line in RISK.splitlines() if "=" in line} - OPTIONAL


@pytest.mark.parametrize("key", sorted(REQUIRED))
def test_missing_limit_is_named(written: Callable[..., Path], key: str) -> None:
    without = "\n".join(line for line in RISK.splitlines() if not line.startswith(f"{key} "))
    (problem,) = wrong(written(WHOLE.replace(RISK, without)))
    assert problem.startswith(f"risk.{key}: missing: set ")


@pytest.mark.parametrize(("table", "name"), [(RATE, "rate"), (DUPLICATES, "duplicates")])
def test_missing_table_of_limits_is_named_and_none_is_an_answer(
    written: Callable[..., Path], table: str, name: str
) -> None:
    without = WHOLE.replace(table, "")
    assert wrong(written(without)) == [f'risk.{name}: missing: set it, or "none"']
    assert getattr(load(written(without.replace(RISK, f'{RISK}{name} = "none"\n')), {}).risk, name) is None


@pytest.mark.parametrize("name", [name for name in Limits.__struct_fields__ if name.startswith(("max", "collar"))])
def test_limit_below_zero_is_named(written: Callable[..., Path], name: str) -> None:
    key = name.removesuffix("_ns")
    row = next(line for line in RISK.splitlines() if line.startswith(f"{key} "))
    value = tomllib.loads(row)[key]
    less = "-1" if isinstance(value, int) else '"-1s"' if key == "max_book_age" else '"-1"'
    (problem,) = wrong(written(edited(row, f"{key} = {less}")))
    assert problem.startswith(f"risk.{key}: must not be negative")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('mode = "event"', 'mode = "fast"', 'engine.mode: must be "event" or "busy", not "fast"'),
        ('mode = "event"', "", 'engine.mode: missing: set "event" or "busy"'),
        ('core = "none"', "core = true", "engine.core: Expected `int`, got `bool`"),
        ('core = "none"', "core = -1", "engine.core: Expected `int` >= 0"),
        ('core = "none"', "", 'engine.core: missing: set it, or "none"'),
        ('state_dir = "state"', "state_dir = 3", "engine.state_dir: Expected `str`, got `int`"),
        ("[engine]", "[engine]\nmodes = 1", "engine.modes: unknown key"),
        ("[engine]", "[engin]\n[engine]", "engin: unknown key"),
        ("[session]", "[sessions]", "session: missing: set it"),
        ("\n[engine]", "log = 3\n[engine]", "log: must be a table, not 3"),
        ("watch_depth = 1", "watch_depth = 0", "feed.watch_depth: Expected `int` >= 1"),
        (
            "\n[engine]",
            '[rest]\nurl = "https://v"\ndialect = "kalshi"\nbalance = "tell"\n[engine]',
            "rest.balance: moved: write balance under [reconcile]",
        ),
        ("watch_depth = 1", "watch_dept = 1", "feed.watch_dept: unknown key, did you mean watch_depth?"),
        ('"100ms"', '"100"', f'feed.backoff_min: must be {Unit.DURATION.value}, not "100"'),
        ('"100ms"', "0.1", f"feed.backoff_min: must be {Unit.DURATION.value}, not 0.1"),
        ('"100ms"', '"0s"', "feed: backoff_min must be positive and not above backoff_max"),
        ('"100ms"', '"11s"', "feed: backoff_min must be positive and not above backoff_max"),
        ('"0.5"', "0.5", f"risk.max_order_cost: must be {Unit.MONEY.value}, not 0.5"),
        ('"0.5"', '"0.5$"', "risk.max_order_cost: not a decimal number of at most 6 places: '0.5$'"),
        ('"0.05"', '"0.00001"', "risk.collar_opposite: not a decimal number of at most 4 places: '0.00001'"),
        ("orders = 64", "orders = 64.0", "risk.max_open_orders: must be a whole number, not 64.0"),
        ("orders = 64", f"orders = {NO_LIMIT}", "risk.max_open_orders: must not be negative nor astronomic"),
        ("orders = 64", "orders = true", "risk.max_open_orders: must be a whole number, not True"),
        ("book = false", 'book = "no"', "risk.allow_crossed_book: Expected `bool`, got `str`"),
        ("restricted = []", 'restricted = ["RAIN", "SUN"]', "risk.restricted: names no market: SUN"),
        (
            "restricted = []",
            'restricted = []\nexclusive_events = ["WEATHER", "SUN"]',
            "risk.exclusive_events: names no event and no series of a market: SUN",
        ),
        ("[engine]", '[metrics]\nmarkets = ["RAIN", "SUN"]\n[engine]', "metrics.markets: names no market: SUN"),
        ("restricted = []", "restricted = [1]", "risk.restricted[0]: Expected `str`, got `int`"),
        ("restricted = []", 'restricted = "RAIN"', "risk.restricted: Expected `array`, got `str`"),
        ("burst = 1440", "burst = 109", "risk.rate: burst has no room for cancel_reserve and one request"),
        ("burst = 1440", 'burst = "none"', "risk.rate.burst: must be a whole number, not"),
        ("burst = 1440", "", "risk.rate.burst: missing: set a whole number"),
        ("per_second = 480", "per_second = 0", "risk.rate: per_second and burst must be 1 to"),
        ("max_orders = 3", "max_orders = 0", "risk.duplicates: max_orders and window must be positive"),
        ('window = "250us"', 'window = "none"', f"risk.duplicates.window: must be {Unit.DURATION.value}"),
        ('symbol = "RAIN"', 'symbol = ""', "market[0].symbol: Expected `str` of length >= 1"),
        ('symbol = "RAIN"', 'symbol = "COIN"', 'market[1].symbol: "COIN" is market[0] already'),
        ('step = "0.01"', 'step = "0"', "market[0].bands: price band"),
        ('step = "0.01"', 'step = "x"', "market[0].bands[0].step: not a decimal number"),
        ('step = "0.01"', "step = 0.01", f"market[0].bands[0].step: must be {Unit.PRICE.value}, not 0.01"),
        ('event = "WEATHER"', "even = 1", "market[0].even: unknown key, did you mean event?"),
    ],
)  # fmt: skip
def test_wrong_key_is_named_with_its_path(written: Callable[..., Path], old: str, new: str, problem: str) -> None:
    assert any(line.startswith(problem) for line in wrong(written(edited(old, new)))), problem


def test_every_problem_is_listed_at_once(written: Callable[..., Path]) -> None:
    text = edited('mode = "event"', 'mode = "fast"')
    for old, new in (
        ('"0.5"', "0.5"),
        ('max_position = "0.01"', ""),
        ("watch_depth = 1", "watch = 1"),
        ('symbol = "COIN"', "symbol = 1"),
        ("[[market]]", '[feed.credentials]\nkey_id_env = "FIXLANE_NO_SUCH_KEY"\n[[market]]'),
    ):
        text = text.replace(old, new, 1)
    path = written(text)
    assert [line.split(":")[0] for line in wrong(path)] == [
        "market[1].symbol",
        "feed.credentials.key_id_env",
        "engine.mode",
        "feed.watch",
        "feed.watch_depth",
        "risk.max_order_cost",
        "risk.max_position",
    ]
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert str(caught.value) == "\n  ".join([f"{path} has 7 problems:", *wrong(path)])


def test_one_problem_is_not_several(written: Callable[..., Path]) -> None:
    path = written(edited('mode = "event"', 'mode = "fast"'))
    with pytest.raises(ConfigError, match="has 1 problem:"):
        load(path, {})


@pytest.mark.parametrize("missing", [ENGINE, SESSION, FEED, STRATEGY])
def test_missing_section_is_named(written: Callable[..., Path], missing: str) -> None:
    name = missing.split("]")[0].strip("\n[")
    assert wrong(written(WHOLE.replace(missing, ""))) == [f"{name}: missing: set it"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        (
            "day_start",
            '"24:00"',
            'risk.day_start: must be a time of day as text, such as "00:00" or "16:30:00", not',
        ),
        ("day_start", '"7:30"', "risk.day_start: must be a time of day"),
        ("day_start", '"T0000"', "risk.day_start: must be a time of day"),
        ("day_start", '"00:00Z"', "risk.day_start: must be a time of day"),
        ("day_start", "0", "risk.day_start: must be a time of day"),
        ("day_start", '"none"', "risk.day_start: must be a time of day"),
        (
            "day_zone",
            '"Mars/Olympus"',
            "risk: day_zone 'Mars/Olympus' is no time zone",
        ),
        ("day_zone", "5", "risk.day_zone: Expected `str`, got `int`"),
    ],
)
def test_wrong_day_is_named(written: Callable[..., Path], key: str, value: str, problem: str) -> None:
    lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in WHOLE.splitlines()]
    (found,) = wrong(written("\n".join(lines)))
    assert found.startswith(problem)


@pytest.mark.parametrize("key", ["day_start", "day_zone"])
def test_day_is_required_like_every_limit(written: Callable[..., Path], key: str) -> None:
    lines = [line for line in WHOLE.splitlines() if not line.startswith(f"{key} =")]
    (found,) = wrong(written("\n".join(lines)))
    assert found.startswith(f"risk.{key}: missing: set")


def test_file_that_is_no_toml_is_named(written: Callable[..., Path]) -> None:
    path = written("[engine\nmode = 1")
    (problem,) = wrong(path)
    assert problem.startswith(f"{path}: is not TOML: ")
    path.write_bytes(b"\xff\xfe")
    assert wrong(path)[0].startswith(f"{path}: is not TOML: ")


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert wrong(path) == [f"{path}: cannot be read: No such file or directory"]


# Markets


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE.replace(MARKETS, ""), "markets: write [[market]] tables, or name a file"),
        ('markets = "listed.toml"\n' + WHOLE, "markets: write [[market]] tables, or name a file"),
        ("markets = 5\n" + WHOLE.replace(MARKETS, ""), "markets: Expected `str`, got `int`"),
        ('markets = "gone.toml"\n' + WHOLE.replace(MARKETS, ""), "gone.toml: "),
        ('markets = "empty.toml"\n' + WHOLE.replace(MARKETS, ""), "empty.toml: market: there is no [[market]] table"),
        ('markets = "listed.toml"\n' + WHOLE.replace(MARKETS, ""), "listed.toml: market[1].bands[0].end: missing"),
        ('markets = "listed.toml"\n' + WHOLE.replace(MARKETS, ""), "listed.toml: title: unknown key"),
        ("market = 3\n" + WHOLE.replace(MARKETS, ""), "market: there is no [[market]] table"),
        ("price_decimals = 10\n" + WHOLE, "price_decimals: Expected `int` <= 9"),
    ],
)
def test_wrong_markets_are_named(written: Callable[..., Path], text: str, problem: str) -> None:
    written("", "empty.toml")
    written(f"title = 1\n{MARKETS}".replace('end = "0.1", ', ""), "listed.toml")
    found = wrong(written(text))
    assert any(line.startswith(problem) for line in found), found


def test_markets_here_and_elsewhere_are_one_problem(written: Callable[..., Path]) -> None:
    written(MARKETS, "listed.toml")
    (problem,) = wrong(written('markets = "listed.toml"\n' + WHOLE))
    assert problem.startswith("markets: write [[market]] tables, or name a file")


def test_market_file_alone_raises_all_its_problems(written: Callable[..., Path]) -> None:
    with pytest.raises(ConfigError, match=r"(?s)market\[0\].symbol: missing.*market\[0\].bands: missing"):
        load_instruments(written("[[market]]\n"))


# A universe, and the interface that lists it


REST = '[rest]\nurl = "https://venue.example/api"\ndialect = "kalshi"\n'
UNIVERSE = '[universe]\nseries = ["KXBTC15M"]\n'


def test_universe_takes_the_place_of_the_markets(written: Callable[..., Path]) -> None:
    config = load(written(WHOLE.replace(MARKETS, REST + UNIVERSE)), {})
    assert config.instruments == () and config.universe is not None
    assert (config.universe.series, config.universe.closing_within_ns) == (("KXBTC15M",), NO_LIMIT)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        (UNIVERSE, "universe: wants [rest]: that is where the venue lists its markets"),
        (REST + "[universe]\n", "universe: names no market: list symbols, events or series"),
        (REST.replace("https", "http") + UNIVERSE, 'rest: url: "http://venue.example/api" is not encrypted'),
        (REST.replace("https", "ws") + UNIVERSE, 'rest: url: "ws://venue.example/api" must begin with http:// or'),
        (REST.replace("//", "//me:hunter2@") + UNIVERSE, 'rest: url: "https://...@venue.example/api" holds a name'),
        (REST + UNIVERSE + 'refresh = "0s"\n', "universe: refresh must be positive"),
    ],
)
def test_wrong_universe_is_named(written: Callable[..., Path], tables: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(WHOLE.replace(MARKETS, tables)), {})
    assert problem in str(caught.value) and "hunter2" not in str(caught.value)
