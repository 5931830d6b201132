"""Configuration that is right: the shipped files, exact conversion, keys, the strategy and its parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine.app.loading import build_strategy
from engine.config.credentials import Credentials
from engine.config.engine import load
from engine.config.markets import load_instruments
from engine.config.sections import EngineConfig
from engine.config.tables import Tables, parse_duration
from engine.errors import ConfigError
from engine.instrument import PriceBand
from engine.risk.limits import DuplicateLimit, Limits, RateLimit
from engine.strategy import Strategy
from engine.units import NO_LIMIT
from tests.support.configs import MARKETS, STRATEGY, WHOLE, Quoter, wrong
from tests.support.key_files import PASSPHRASE, pem
from tests.support.places import CONFIG

SHIPPED = CONFIG / "engine.toml"
OWN = "tests.support.configs"


def test_shipped_configuration_is_right() -> None:
    config = load(SHIPPED, {})
    assert len(config.instruments) == 8
    assert len({instrument.event for instrument in config.instruments}) == 3
    assert sorted(len(instrument.grid or ()) for instrument in config.instruments) == [99] * 7 + [279]
    assert config.session.settings == SHIPPED.parent / "fix" / "initiator.cfg"
    assert config.feed.url == "ws://127.0.0.1:9180/trade-api/ws/v2"


def test_shipped_configuration_builds_its_strategy() -> None:
    assert type(_built(load(SHIPPED, {}))).__name__ == "TwoSidedQuoter"


def test_limits_become_integers_exactly(written: Callable[..., Path]) -> None:
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
        max_market_loss=40_000_000,
        max_event_loss=NO_LIMIT,
        max_daily_loss=250_000_000,
        max_drawdown=NO_LIMIT,
        day_start_ns=63_000 * 10**9,
        day_zone="America/Chicago",
        max_rejects_in_a_row=7,
        max_book_age_ns=1_500_000_000,
        allow_crossed_book=False,
        restricted=(),
        rate=RateLimit(per_second=480, burst=1440, new=10, amend=10, cancel=2, cancel_reserve=100),
        duplicates=DuplicateLimit(max_orders=3, window_ns=250_000),
        executions=None,
        rejects=None,
        ratios=None,
    )


def test_sections_that_say_nothing_are_off(written: Callable[..., Path]) -> None:
    config = load(written(WHOLE), {})
    assert config.metrics.port == 0
    assert (config.journal.directory, config.journal.sync) == (None, False)
    assert (config.log.level, config.log.file) == ("info", None)
    assert config.feed.credentials == config.session.credentials == Credentials()
    assert config.engine.core is None


def test_relative_paths_start_at_the_file(written: Callable[..., Path]) -> None:
    path = written(WHOLE + '[journal]\ndirectory = "journal"\nsync = true\n[log]\nfile = "/var/log/fixlane.log"\n')
    config = load(path, {})
    assert config.engine.state_dir == path.parent / "state"
    assert config.journal.directory == path.parent / "journal"
    assert config.log.file == Path("/var/log/fixlane.log")


def test_markets_become_instruments(written: Callable[..., Path]) -> None:
    rain, coin = load(written(WHOLE), {}).instruments
    assert (rain.symbol, rain.event, rain.index, rain.limit) == ("RAIN", "WEATHER", 0, 10_000)
    assert (coin.symbol, coin.event, coin.index) == ("COIN", "COIN", 1)
    assert coin.grid is not None
    assert coin.grid.bands == (PriceBand(10, 1_000, 10), PriceBand(1_000, 9_900, 100))


def test_markets_of_another_file_become_the_same(written: Callable[..., Path]) -> None:
    here = load(written(WHOLE), {}).instruments
    written(MARKETS, "listed.toml")
    there = load(written('markets = "listed.toml"\n' + WHOLE.replace(MARKETS, "")), {}).instruments
    assert [(each.symbol, each.grid) for each in there] == [(each.symbol, each.grid) for each in here]


@pytest.mark.parametrize("is_apart", [False, True])
def test_decimals_of_the_markets_are_those_of_limits_and_parameters(
    written: Callable[..., Path], is_apart: bool
) -> None:
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
    assert _built(config).parameters == Quoter.Parameters(qty=7, weight=0.5)


def test_market_without_bands_has_no_grid(written: Callable[..., Path]) -> None:
    (market,) = load_instruments(written('[[market]]\nsymbol = "TOKEN"\nbands = "none"\n'))
    assert (market.grid, market.limit) == (None, 0)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1ns", 1),
        ("250us", 250_000),
        ("40ms", 40_000_000),
        ("1.5s", 1_500_000_000),
        ("0s", 0),
        ("15min", 900 * 10**9),
        ("1.5h", 5400 * 10**9),
    ],
)
def test_durations_become_nanoseconds(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


# Credentials


def secret_file(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def with_credentials(rows: str) -> str:
    return WHOLE.replace("[[market]]", f"[session.credentials]\n{rows}\n[[market]]", 1)


def test_credentials_come_from_the_environment(written: Callable[..., Path], tmp_path: Path) -> None:
    secret_file(tmp_path / "key.pem", b"secret")
    path = written(with_credentials('key_id_env = "KEY_ID"\nprivate_key_file_env = "KEY_FILE"'))
    environ = {"KEY_ID": "me", "KEY_FILE": str(tmp_path / "key.pem")}
    credentials = load(path, environ).session.credentials
    assert (credentials.key_id(environ), credentials.private_key(environ)) == ("me", b"secret")
    assert Credentials().key_id({}) == ""
    assert Credentials().private_key({}) == b""


def test_key_file_stands_beside_the_configuration(written: Callable[..., Path], tmp_path: Path) -> None:
    secret_file(tmp_path / "key.pem", b"secret")
    assert load(written(with_credentials('private_key_file = "key.pem"')), {}).session.credentials.private_key({})


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('key_id_env = "GONE"', "session.credentials.key_id_env: environment variable GONE is not set"),
        ('private_key_file_env = "GONE"', "session.credentials.private_key_file: environment variable GONE is not set"),
        ('private_key_file = "gone.pem"', "session.credentials.private_key_file: key file "),
        ('private_key = "x"', "session.credentials.private_key: unknown key"),
        (
            'private_key_passphrase_file = "a"\nprivate_key_passphrase_env = "B"',
            "session.credentials: private_key_passphrase_env and private_key_passphrase_file exclude each other",
        ),
        (
            'private_key_passphrase_env = "GONE"',
            "session.credentials.private_key_file: environment variable GONE is empty or not set",
        ),
        (
            'private_key_file = "a"\nprivate_key_file_env = "B"',
            "session.credentials: private_key_file and private_key_file_env exclude each other",
        ),
    ],
)
def test_wrong_credentials_are_named(written: Callable[..., Path], rows: str, problem: str) -> None:
    (found,) = wrong(written(with_credentials(rows)))
    assert found.startswith(problem)


def test_m11_passphrase_of_a_key_comes_from_the_environment_or_a_file(
    written: Callable[..., Path], tmp_path: Path
) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    secret_file(tmp_path / "key.pem", pem(key, PASSPHRASE))
    secret_file(tmp_path / "credential", PASSPHRASE + b"\n")
    environ = {"P": PASSPHRASE.decode()}
    for row in ('private_key_passphrase_env = "P"', 'private_key_passphrase_file = "credential"'):
        path = written(with_credentials(f'private_key_file = "key.pem"\n{row}'))
        assert load(path, environ).session.credentials.private_key(environ) == pem(key)


def test_m11_key_id_is_stripped_and_its_control_characters_are_refused(written: Callable[..., Path]) -> None:
    path = written(with_credentials('key_id_env = "KEY_ID"'))
    assert load(path, {"KEY_ID": "abc\r"}).session.credentials.key_id({"KEY_ID": "abc\r"}) == "abc"
    (found,) = wrong(path, {"KEY_ID": "id\r\nX-Injected: 1"})
    assert found.startswith("session.credentials.key_id_env: environment variable KEY_ID: the key's id holds control")
    assert "Injected" not in found


def test_m11_file_of_a_secret_that_others_may_read_is_refused(written: Callable[..., Path], tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    secret_file(tmp_path / "key.pem", pem(key, PASSPHRASE))
    secret_file(tmp_path / "phrase", PASSPHRASE)
    path = written(with_credentials('private_key_file = "key.pem"\nprivate_key_passphrase_file = "phrase"'))
    assert load(path, {}).session.credentials.private_key({}) == pem(key)
    for name, words in (("key.pem", "key file"), ("phrase", "passphrase file")):
        (tmp_path / name).chmod(0o640)
        (found,) = wrong(path)
        words = f"{words} {tmp_path / name} is open to others (mode 0640); chmod 600 it"
        assert found == f"session.credentials.private_key_file: {words}"
        (tmp_path / name).chmod(0o600)


def test_key_comes_from_a_variable_a_credential_or_a_command(written: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "kalshi").write_bytes(b"secret")
    (tmp_path / "credentials" / "id").write_bytes(b"me\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials"), "PEM": "secret"}
    for row in (
        'private_key_env = "PEM"',
        'private_key_credential = "kalshi"',
        f'private_key_command = ["cat", "{tmp_path}/credentials/kalshi"]',
    ):
        path = written(with_credentials(f'key_id_credential = "id"\n{row}'))
        credentials = load(path, environ).session.credentials
        assert (credentials.key_id(environ), credentials.private_key(environ)) == ("me", b"secret")


def test_id_of_a_key_comes_from_a_file_that_is_read_each_time(written: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "id").write_text("first\n")
    path = written(with_credentials(f'key_id_file = "{tmp_path}/id"\nprivate_key_env = "PEM"'))
    credentials = load(path, {"PEM": "secret"}).session.credentials
    assert credentials and credentials.key_id({}) == "first"
    (tmp_path / "id").write_text("second")
    assert credentials.key_id({}) == "second"
    (tmp_path / "id").write_text("two words")
    with pytest.raises(ConfigError, match=f"file {tmp_path}/id: the key's id holds blanks"):
        credentials.key_id({})
    (tmp_path / "id").unlink()
    with pytest.raises(ConfigError, match=f"key id file {tmp_path}/id cannot be read: No such file"):
        credentials.key_id({})


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('private_key_env = "GONE"', "environment variable GONE is not set"),
        ('private_key_env = "-----BEGIN hunter2"', "the environment variable named there is not set"),
        (
            'private_key_credential = "gone"',
            "credential gone: there is no CREDENTIALS_DIRECTORY",
        ),
        ('private_key_command = ["false"]', "command false ended with status 1: it says nothing"),
        ('private_key_command = ["true"]', "command true printed nothing"),
        ('private_key_command = ["/no/such"]', "command /no/such cannot be run: No such file or directory"),
        ('private_key_command = ["sh", "-c", "echo locked >&2; exit 3"]', "command sh ended with status 3: locked"),
        ('private_key_command = ["head", "-c", "65537", "/dev/zero"]', "command head holds more than 65536 bytes"),
    ],
)
def test_source_of_a_key_that_gives_none_is_named(written: Callable[..., Path], rows: str, problem: str) -> None:
    (found,) = wrong(written(with_credentials(rows)))
    assert found.startswith(f"session.credentials.private_key_file: {problem}")


def test_two_sources_of_a_key_exclude_each_other(written: Callable[..., Path]) -> None:
    (found,) = wrong(written(with_credentials('private_key_env = "A"\nprivate_key_credential = "b"')))
    assert found == "session.credentials: private_key_env and private_key_credential exclude each other"


# Strategy


def strategy(written: Callable[..., Path], kind: str, parameters: str = "") -> Any:
    text = WHOLE.replace(STRATEGY, f'[strategy]\nclass = "{kind}"\n[strategy.parameters]\n{parameters}\n')
    return _built(load(written(text), {}))


def test_strategy_gets_its_own_parameters(written: Callable[..., Path]) -> None:
    built = strategy(written, f"{OWN}:Quoter", 'qty = "2.5"\nweight = 1.25\nlevels = 3')
    assert type(built) is Quoter
    assert built.parameters == Quoter.Parameters(qty=250, weight=1.25, levels=3)


def test_strategy_without_parameters_gets_none(written: Callable[..., Path]) -> None:
    assert strategy(written, f"{OWN}:Watcher").parameters is None


@pytest.mark.parametrize(
    ("kind", "parameters", "problem"),
    [
        ("nowhere", "", 'strategy.class: "nowhere" is no module:Class that can be imported'),
        ("nowhere:Quoter", "", 'strategy.class: "nowhere:Quoter" is no module:Class'),
        (f"{OWN}:Gone", "", 'strategy.class: "tests.support.configs:Gone" is no module:Class'),
        ("pathlib:Path", "", 'strategy.class: "pathlib:Path" must derive from engine.strategy.Strategy'),
        (f"{OWN}:Watcher", "qty = 1", 'strategy.parameters: "tests.support.configs:Watcher" takes none'),
        (f"{OWN}:Quoter", "", "strategy.parameters.qty: missing: set contracts as text"),
        (f"{OWN}:Quoter", "", "strategy.parameters.weight: missing: set it"),
        (
            "tests.support.configs:Quoter",
            'qty = "1"\nweight = "x"',
            "strategy.parameters.weight: Expected `float`, got `str`",
        ),
        (f"{OWN}:Quoter", 'qty = "1"\nweight = 1\nwight = 1', "strategy.parameters.wight: unknown key"),
        (
            "tests.support.configs:Quoter",
            'qty = "1"\nweight = 1\nlevels = 0',
            "strategy.parameters: levels must be positive",
        ),
    ],
)
def test_wrong_strategy_is_named(written: Callable[..., Path], kind: str, parameters: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strategy(written, kind, parameters)
    assert problem in str(caught.value)


def test_tables_answer_none_for_what_is_no_table() -> None:
    tables = Tables(Path())
    assert tables.struct(RateLimit, 5, "risk.rate") is None
    assert tables.problems == ["risk.rate: must be a table, not 5"]


def _built(config: EngineConfig) -> Strategy:
    return build_strategy(config.strategy, config.instruments)
