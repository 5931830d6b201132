"""The demo at the simulated Kalshi: rolling markets over signed FIX, WebSocket and REST, all of it over TLS.

Markets open, close, are decided and paid while it runs; a quarter of an hour passes in seconds. At the end both sides'
records are compared: cash, fees and positions to the last unit, $0.000001.

Units   money in $0.000001, sizes in 0.01 contract.
Errors  the simulator's own words if it does not start or dies; the demo fails if the two records differ.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop

from engine.app.demo.amounts import dollars
from engine.app.demo.run import run_while_alive
from engine.app.engine import Engine
from engine.app.running import obey_signals, running_mode
from engine.app.setup.init import NAME, write
from engine.config.credentials import Credentials
from engine.config.engine import load
from engine.config.sections import EngineConfig, FeedSection, UniverseSection
from engine.config.shipped import config_path
from engine.exchange.listing.records import FeeType
from engine.runtime import log
from engine.runtime.latency import LatencyCounts
from engine.session.file.settings import override
from engine.sim.child import SimChild
from engine.sim.kalshi.config import KalshiSimConfig, load_any

MEMBER = "desk"
PERIOD_S = 10  # of a market's life
MONEY_DECIMALS = 6
TELL_S = 5.0
LAST_WORDS_S = 1.0  # for what the venue said before it stood still


def demo(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 when both sides agree at the end, 1 otherwise."""
    with TemporaryDirectory(prefix="fixlane-demo-") as name:
        directory = Path(name)
        listener = log.start("warning", directory / "engine.log")
        try:
            print("fixlane: starting the simulated Kalshi", file=sys.stderr)
            with SimChild(venue_config(directory), directory) as venue:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    config = engine_config(directory, venue, arguments, arguments.feed or "websocket")
                    result = runner.run(trade(config, venue, arguments.seconds))
                result["venue"] = venue.ask("account", account=MEMBER)
        finally:
            listener.stop()
    result["venue"]["deposit"] = sum(deposits().values())
    differences = compare(result)
    print(summary(result, differences))
    for difference in differences:
        print(f"fixlane: {difference}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if differences else 0


def shipped() -> KalshiSimConfig:
    """Return `config/kalshi-sim.toml`."""
    config = load_any(config_path("kalshi-sim.toml"))
    assert isinstance(config, KalshiSimConfig)
    return config


def deposits() -> dict[int, int]:
    """Return what the member has brought to each shard."""
    (member,) = [each for each in shipped().members if each.name == MEMBER]
    return {shard: int(text) * 10**MONEY_DECIMALS for shard, text in member.deposits.items()}


def venue_config(directory: Path) -> KalshiSimConfig:
    """Return the shipped venue with free ports, a state of its own, and time that runs fast."""
    replace = msgspec.structs.replace
    config = shipped()
    series = []
    for place, each in enumerate(config.series):
        # One series charges makers, so that fees are compared too
        fee_type = FeeType.WITH_MAKER if place == 0 else FeeType.QUADRATIC
        terms = replace(each.series, fee_type=fee_type)
        series.append(
            replace(each, series=terms, period_s=PERIOD_S, lead_s=2, determine_after_s=1, settlement_timer_s=1)
        )
    return replace(
        config,
        state_path=str(directory / "venue"),
        series=tuple(series),
        rest=replace(config.rest, port=0),
        feed=replace(config.feed, port=0),
        fix=replace(config.fix, first=0),
        control=replace(config.control, port=0),
        sweep_ms=200,
    )


def engine_config(
    directory: Path, venue: SimChild, arguments: argparse.Namespace, source: str = "websocket"
) -> EngineConfig:
    """Return what `fixlane init kalshi` writes, led to the venue of this run; `source` is that of the feed."""
    folder = directory / "engine"
    write("kalshi", "demo", folder)
    config = led_to(venue.ready, folder, source)
    section = config.engine
    section = msgspec.structs.replace(
        section, session=arguments.session or section.session, mode=arguments.mode or section.mode
    )
    return msgspec.structs.replace(config, engine=section)


def led_to(ready: dict[str, Any], folder: Path, source: str = "websocket") -> EngineConfig:
    """Return the configuration that was written to `folder`, led to the venue that said this of itself."""
    replace = msgspec.structs.replace
    key = ready["keys"][MEMBER][0]
    os.environ["KALSHI_DEMO_NR_KEY_ID"] = key["key_id"]
    shutil.copy(key["file"], folder / "secret" / "kalshi.pem")
    config, ca = load(folder / NAME), Path(ready["ca"])
    session_file = config.session.file
    place = {
        "SocketConnectHost": "localhost",
        "SocketConnectPort": ready["fix_ports"]["KalshiNR"],
        "CertificationAuthoritiesFile": ca,
        "ReconnectInterval": 1,
    }
    session_file.write_text(override(session_file, **place))
    feed = replace(config.feed, url=f"wss://localhost:{ready['feed_port']}/trade-api/ws/v2", ca=ca)
    if source == "fix":
        feed_file = folder / "fix" / "kalshi-demo-md.cfg"
        feed = fix_feed(config, feed_file, place | {"SocketConnectPort": ready["fix_ports"]["KalshiMD"]}, ready)
    assert config.rest is not None
    return replace(
        config,
        feed=feed,
        rest=replace(config.rest, url=f"https://localhost:{ready['rest_port']}", ca=ca),
        universe=UniverseSection(series=tuple(each.series.ticker for each in shipped().series), refresh_ns=2 * 10**9),
    )


def fix_feed(config: EngineConfig, file: Path, place: dict[str, Any], ready: dict[str, Any]) -> FeedSection:
    """Return the feed over a FIX session of its own, which has a key of its own."""
    key = ready["keys"][MEMBER][1]
    os.environ["KALSHI_DEMO_MD_KEY_ID"] = key["key_id"]
    file.write_text(override(file, **place))
    credentials = Credentials(key_id_env="KALSHI_DEMO_MD_KEY_ID", private_key_file=Path(key["file"]))
    return msgspec.structs.replace(
        config.feed, source="fix", url="", settings=file, channels=(), credentials=credentials
    )


async def trade(config: EngineConfig, venue: SimChild, seconds: float) -> dict[str, Any]:
    """Run the engine for `seconds`, or until SIGINT, and return what happened; raise if the venue dies."""
    loop = asyncio.get_running_loop()
    engine = Engine(config, loop)
    obey_signals(engine, loop)
    started = time.monotonic()

    def end() -> None:
        """Let the venue's markets stand still, hear what it has said, and end."""
        venue.ask("freeze")
        loop.call_later(LAST_WORDS_S, engine.stop)

    with running_mode(config, loop, engine):
        loop.call_later(seconds, end)
        telling = loop.create_task(tell(engine, started))
        await run_while_alive(engine, venue)
        telling.cancel()
    return results(engine, time.monotonic() - started)


async def tell(engine: Engine, started: float) -> None:
    """Say every few seconds where it stands."""
    while True:
        await asyncio.sleep(TELL_S)
        counters, portfolio = engine.counters, engine.portfolio
        state = engine.supervisor.state.value
        reason = f" ({engine.supervisor.reason})" if state != "trading" and engine.supervisor.reason else ""
        line = f"{time.monotonic() - started:.0f} s {state}{reason}, {len(engine.books)} markets"
        line += f", {counters.orders} orders, {counters.fills} fills, {dollars(portfolio.pnl, MONEY_DECIMALS, 2)} $"
        print(line, file=sys.stderr, flush=True)


def results(engine: Engine, seconds: float) -> dict[str, Any]:
    """Return the engine's side."""
    portfolio, counters = engine.portfolio, engine.counters
    nets = {position.instrument.symbol: position.net for position in portfolio if position.net}
    short = sum(-position.net * position.instrument.limit for position in portfolio if position.net < 0)
    settled = sum(position.is_settled for position in portfolio)
    account = engine.account
    return {
        "seconds": round(seconds, 3),
        "session": engine.config.engine.session,
        "feed": engine.config.feed.source,
        "mode": engine.config.engine.mode,
        "markets": len(engine.books),
        "settled": settled,
        "orders": counters.orders,
        "replaces": counters.replaces,
        "cancels": counters.cancels,
        "fills": counters.fills,
        "rejects": counters.rejects,
        # The venue takes what a short position may have to pay, and gives it back with the settlement
        "cash": portfolio.cash - portfolio.fees - short,
        "fees": portfolio.fees,
        "position": nets,
        "pnl": portfolio.pnl,
        "compared": str(account.watch.last) if account and account.watch else "",
        "protection": [engine.session.protection, engine.feed.protection],
        "tick_to_order_ns": LatencyCounts(engine.trading.tick_to_order).summary(),
        "order_round_trip_ns": LatencyCounts(engine.trading.round_trip).summary(),
    }


def compare(result: dict[str, Any]) -> list[str]:
    """Return in what our record and the venue's differ."""
    venue = result["venue"]
    ours = {name: result[name] for name in ("fills", "position", "cash", "fees")}
    theirs = {
        "fills": venue["fills"],
        "position": venue["positions"],
        "cash": venue["cash"] - venue["deposit"],
        "fees": venue["fees"],
    }
    differences = [
        f"{name}: ours {ours[name]}, the venue's {theirs[name]}" for name in ours if ours[name] != theirs[name]
    ]
    if venue["resting"]:
        differences.append(f"{venue['resting']} orders rest at the venue")
    return differences


def summary(result: dict[str, Any], differences: list[str]) -> str:
    """Return the closing words."""
    verdict = "DIFFERS" if differences else "agrees to the last unit: fills, positions, cash, fees"
    how = f"session {result['session']}, feed {result['feed']}, mode {result['mode']}"
    rows = [
        ("traded", f"{result['seconds']:.1f} s, {how}"),
        ("protected by", result["protection"][0]),
        ("markets", f"{result['markets']} traded, {result['settled']} of them settled"),
        ("sent", f"{result['orders']} orders, {result['replaces']} replaces, {result['cancels']} cancels"),
        ("answered", f"{result['fills']} fills, {result['rejects']} rejects"),
        ("fees", f"{dollars(result['fees'], MONEY_DECIMALS, 6)} $"),
        ("profit after fees", f"{dollars(result['pnl'], MONEY_DECIMALS, 6)} $"),
        ("account", result["compared"]),
        ("venue's own record", verdict),
    ]
    return "\n" + "\n".join(f"{title:>18}  {value}" for title, value in rows)
