"""Configuration: the shipped files, exact conversion, and every mistake named with its path."""

import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from engine.config import Credentials, build_strategy, load, problems
from engine.errors import ConfigError
from engine.instrument import PriceBand
from engine.limits import NO_LIMIT, DuplicateLimit, Limits, RateLimit, Size, Unit
from engine.markets import load_instruments
from engine.strategy import Strategy
from engine.tables import Tables, parse_duration

SHIPPED = Path(__file__).parent.parent / "config" / "engine.toml"

ENGINE = """
[engine]
mode = "event"
core = "none"
session = "quickfix"
state_dir = "state"
"""
SESSION = """
[session]
settings = "fix/initiator.cfg"
dialect = "fix44"
"""
FEED = """
[feed]
url = "ws://127.0.0.1:1/"
dialect = "kalshi"
watch_depth = 1
heartbeat_timeout = "30s"
stale_after = "10s"
backoff_min = "100ms"
backoff_max = "10s"
"""
RISK = """
[risk]
max_order_qty = "100"
max_order_notional = "99.000001"
max_order_cost = "0.5"
collar_opposite = "0.05"
collar_own = "none"
max_position = "0.01"
max_event_position = "1000"
max_gross_position = "none"
max_open_orders = 64
max_open_cost = "none"
max_daily_loss = "250"
max_book_age = "1.5s"
allow_crossed_book = false
restricted = []
"""
RATE = """
[risk.rate]
per_second = 480
burst = 1440
new = 10
amend = 10
cancel = 2
cancel_reserve = 100
"""
DUPLICATES = """
[risk.duplicates]
max_orders = 3
window = "250us"
"""
STRATEGY = """
[strategy]
class = "test_config:Quoter"
"""
MARKETS = """
[[market]]
symbol = "RAIN"
event = "WEATHER"
bands = [{ start = "0", end = "1", step = "0.01" }]

[[market]]
symbol = "COIN"
bands = [{ start = "0", end = "0.1", step = "0.001" }, { start = "0.1", end = "1", step = "0.01" }]
"""
WHOLE = ENGINE + SESSION + FEED + RISK + RATE + DUPLICATES + STRATEGY + MARKETS


class Quoter(Strategy):
    """A strategy with parameters of each kind."""

    class Parameters(msgspec.Struct, frozen=True):
        qty: Size
        weight: float
        levels: int = 1

        def __post_init__(self) -> None:
            if self.levels < 1:
                raise ValueError("levels must be positive")


class Watcher(Strategy):
    """A strategy without parameters."""


@pytest.fixture
def written(tmp_path):
    def write(text, name="engine.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def wrong(path, environ=None):
    return problems(path, environ or {})


# What is right


def test_shipped_configuration_is_right():
    config = load(SHIPPED, {})
    assert len(config.instruments) == 8
    assert len({instrument.event for instrument in config.instruments}) == 3
    assert sorted(len(instrument.grid) for instrument in config.instruments) == [99] * 7 + [279]
    assert config.session.settings == SHIPPED.parent / "fix" / "initiator.cfg"
    assert config.feed.url == "ws://127.0.0.1:9180/trade-api/ws/v2"


def test_shipped_configuration_builds_its_strategy():
    assert type(build_strategy(load(SHIPPED, {}))).__name__ == "TwoSidedQuoter"


def test_limits_become_integers_exactly(written):
    assert load(written(WHOLE), {}).risk == Limits(
        max_order_qty=10_000,
        max_order_notional=99_000_001,
        max_order_cost=500_000,
        collar_opposite=500,
        collar_own=NO_LIMIT,
        max_position=1,
        max_event_position=100_000,
        max_gross_position=NO_LIMIT,
        max_open_orders=64,
        max_open_cost=NO_LIMIT,
        max_daily_loss=250_000_000,
        max_book_age_ns=1_500_000_000,
        allow_crossed_book=False,
        restricted=(),
        rate=RateLimit(per_second=480, burst=1440, new=10, amend=10, cancel=2, cancel_reserve=100),
        duplicates=DuplicateLimit(max_orders=3, window_ns=250_000),
    )


def test_sections_that_say_nothing_are_off(written):
    config = load(written(WHOLE), {})
    assert config.metrics.port == 0
    assert (config.journal.directory, config.journal.sync) == (None, False)
    assert (config.log.level, config.log.file) == ("info", None)
    assert config.feed.credentials == config.session.credentials == Credentials()
    assert config.engine.core is None


def test_relative_paths_start_at_the_file(written):
    path = written(WHOLE + '[journal]\ndirectory = "journal"\nsync = true\n[log]\nfile = "/var/log/fixlane.log"\n')
    config = load(path, {})
    assert config.engine.state_dir == path.parent / "state"
    assert config.journal.directory == path.parent / "journal"
    assert config.log.file == Path("/var/log/fixlane.log")


def test_markets_become_instruments(written):
    rain, coin = load(written(WHOLE), {}).instruments
    assert (rain.symbol, rain.event, rain.index, rain.limit) == ("RAIN", "WEATHER", 0, 10_000)
    assert (coin.symbol, coin.event, coin.index) == ("COIN", "COIN", 1)
    assert coin.grid.bands == (PriceBand(10, 1_000, 10), PriceBand(1_000, 9_900, 100))


def test_markets_of_another_file_become_the_same(written):
    here = load(written(WHOLE), {}).instruments
    written(MARKETS, "listed.toml")
    there = load(written('markets = "listed.toml"\n' + WHOLE.replace(MARKETS, "")), {}).instruments
    assert [(each.symbol, each.grid) for each in there] == [(each.symbol, each.grid) for each in here]


@pytest.mark.parametrize("is_apart", [False, True])
def test_decimals_of_the_markets_are_those_of_limits_and_parameters(written, is_apart):
    decimals = "price_decimals = 2\nsize_decimals = 0\n"
    text = WHOLE.replace("99.000001", "99.01").replace("0.01", "1").replace('step = "1"', 'step = "0.01"')
    text = text.replace(', { start = "0.1", end = "1", step = "0.01" }', "").replace("0.001", "0.01")
    text += '[strategy.parameters]\nqty = "7"\nweight = 0.5\n'
    if is_apart:
        written(decimals + MARKETS.replace("0.001", "0.01"), "listed.toml")
        text = 'markets = "listed.toml"\n' + text[: text.index("[[market]]")] + text[text.index("[strategy.p") :]
    else:
        text = decimals + text
    config = load(written(text), {})
    assert (config.instruments[0].limit, config.risk.max_order_qty) == (100, 100)
    assert (config.risk.collar_opposite, config.risk.max_daily_loss) == (5, 25_000)
    assert build_strategy(config).parameters == Quoter.Parameters(qty=7, weight=0.5)


def test_market_without_bands_has_no_grid(written):
    (market,) = load_instruments(written('[[market]]\nsymbol = "TOKEN"\nbands = "none"\n'))
    assert (market.grid, market.limit) == (None, 0)


@pytest.mark.parametrize(
    ("text", "ns"), [("1ns", 1), ("250us", 250_000), ("40ms", 40_000_000), ("1.5s", 1_500_000_000), ("0s", 0)]
)
def test_durations_become_nanoseconds(text, ns):
    assert parse_duration(text) == ns


# What is wrong


def edited(old, new):
    assert old in WHOLE
    return WHOLE.replace(old, new, 1)


@pytest.mark.parametrize("key", [line.split(" ")[0] for line in RISK.splitlines() if "=" in line])
def test_missing_limit_is_named(written, key):
    without = "\n".join(line for line in RISK.splitlines() if not line.startswith(f"{key} "))
    (problem,) = wrong(written(WHOLE.replace(RISK, without)))
    assert problem.startswith(f"risk.{key}: missing: set ")


@pytest.mark.parametrize(("table", "name"), [(RATE, "rate"), (DUPLICATES, "duplicates")])
def test_missing_table_of_limits_is_named_and_none_is_an_answer(written, table, name):
    without = WHOLE.replace(table, "")
    assert wrong(written(without)) == [f'risk.{name}: missing: set it, or "none"']
    assert getattr(load(written(without.replace(RISK, f'{RISK}{name} = "none"\n')), {}).risk, name) is None


@pytest.mark.parametrize("name", [name for name in Limits.__struct_fields__ if name.startswith(("max", "collar"))])
def test_limit_below_zero_is_named(written, name):
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
def test_wrong_key_is_named_with_its_path(written, old, new, problem):
    assert any(line.startswith(problem) for line in wrong(written(edited(old, new)))), problem


def test_every_problem_is_listed_at_once(written):
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


def test_one_problem_is_not_several(written):
    path = written(edited('mode = "event"', 'mode = "fast"'))
    with pytest.raises(ConfigError, match="has 1 problem:"):
        load(path, {})


@pytest.mark.parametrize("missing", [ENGINE, SESSION, FEED, STRATEGY])
def test_missing_section_is_named(written, missing):
    name = missing.split("]")[0].strip("\n[")
    assert wrong(written(WHOLE.replace(missing, ""))) == [f"{name}: missing: set it"]


def test_file_that_is_no_toml_is_named(written):
    path = written("[engine\nmode = 1")
    (problem,) = wrong(path)
    assert problem.startswith(f"{path}: is not TOML: ")
    path.write_bytes(b"\xff\xfe")
    assert wrong(path)[0].startswith(f"{path}: is not TOML: ")


def test_file_that_is_not_there_is_named(tmp_path):
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
def test_wrong_markets_are_named(written, text, problem):
    written("", "empty.toml")
    written(f"title = 1\n{MARKETS}".replace('end = "0.1", ', ""), "listed.toml")
    found = wrong(written(text))
    assert any(line.startswith(problem) for line in found), found


def test_markets_here_and_elsewhere_are_one_problem(written):
    written(MARKETS, "listed.toml")
    (problem,) = wrong(written('markets = "listed.toml"\n' + WHOLE))
    assert problem.startswith("markets: write [[market]] tables, or name a file")


def test_market_file_alone_raises_all_its_problems(written):
    with pytest.raises(ConfigError, match=r"(?s)market\[0\].symbol: missing.*market\[0\].bands: missing"):
        load_instruments(written("[[market]]\n"))


# Credentials


def with_credentials(rows):
    return WHOLE.replace("[[market]]", f"[session.credentials]\n{rows}\n[[market]]", 1)


def test_credentials_come_from_the_environment(written, tmp_path):
    (tmp_path / "key.pem").write_bytes(b"secret")
    path = written(with_credentials('key_id_env = "KEY_ID"\nprivate_key_file_env = "KEY_FILE"'))
    environ = {"KEY_ID": "me", "KEY_FILE": str(tmp_path / "key.pem")}
    credentials = load(path, environ).session.credentials
    assert (credentials.key_id(environ), credentials.private_key(environ)) == ("me", b"secret")
    assert Credentials().key_id({}) == ""
    assert Credentials().private_key({}) == b""


def test_key_file_stands_beside_the_configuration(written, tmp_path):
    (tmp_path / "key.pem").write_bytes(b"secret")
    assert load(written(with_credentials('private_key_file = "key.pem"')), {}).session.credentials.private_key({})


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('key_id_env = "GONE"', "session.credentials.key_id_env: environment variable GONE is not set"),
        ('private_key_file_env = "GONE"', "session.credentials.private_key_file: environment variable GONE is not set"),
        ('private_key_file = "gone.pem"', "session.credentials.private_key_file: key file "),
        ('private_key = "x"', "session.credentials.private_key: unknown key"),
        (
            'private_key_file = "a"\nprivate_key_file_env = "B"',
            "session.credentials: private_key_file and private_key_file_env exclude each other",
        ),
    ],
)
def test_wrong_credentials_are_named(written, rows, problem):
    (found,) = wrong(written(with_credentials(rows)))
    assert found.startswith(problem)


# Strategy


def strategy(written, kind, parameters=""):
    text = WHOLE.replace(STRATEGY, f'[strategy]\nclass = "{kind}"\n[strategy.parameters]\n{parameters}\n')
    return build_strategy(load(written(text), {}))


def test_strategy_gets_its_own_parameters(written):
    built = strategy(written, f"{__name__}:Quoter", 'qty = "2.5"\nweight = 1.25\nlevels = 3')
    assert type(built) is sys.modules[__name__].Quoter
    assert built.parameters == Quoter.Parameters(qty=250, weight=1.25, levels=3)


def test_strategy_without_parameters_gets_none(written):
    assert strategy(written, f"{__name__}:Watcher").parameters is None


@pytest.mark.parametrize(
    ("kind", "parameters", "problem"),
    [
        ("nowhere", "", 'strategy.class: "nowhere" is no module:Class that can be imported'),
        ("nowhere:Quoter", "", 'strategy.class: "nowhere:Quoter" is no module:Class'),
        ("test_config:Gone", "", 'strategy.class: "test_config:Gone" is no module:Class'),
        ("test_config:Path", "", 'strategy.class: "test_config:Path" must derive from engine.strategy.Strategy'),
        ("test_config:Watcher", "qty = 1", 'strategy.parameters: "test_config:Watcher" takes none'),
        ("test_config:Quoter", "", "strategy.parameters.qty: missing: set contracts as text"),
        ("test_config:Quoter", "", "strategy.parameters.weight: missing: set it"),
        ("test_config:Quoter", 'qty = "1"\nweight = "x"', "strategy.parameters.weight: Expected `float`, got `str`"),
        ("test_config:Quoter", 'qty = "1"\nweight = 1\nwight = 1', "strategy.parameters.wight: unknown key"),
        ("test_config:Quoter", 'qty = "1"\nweight = 1\nlevels = 0', "strategy.parameters: levels must be positive"),
    ],
)
def test_wrong_strategy_is_named(written, kind, parameters, problem):
    with pytest.raises(ConfigError) as caught:
        strategy(written, kind, parameters)
    assert problem in str(caught.value)


def test_tables_answer_none_for_what_is_no_table():
    tables = Tables(Path())
    assert tables.struct(RateLimit, 5, "risk.rate") is None
    assert tables.problems == ["risk.rate: must be a table, not 5"]
