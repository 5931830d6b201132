"""`fixlane demo`: the engine against a simulated venue in a process of its own, for a while, then a summary.

Units   as in the results: latencies in ns, position in the instrument's size unit, pnl in money units.
Errors  the simulator's own error text if it does not start; the demo fails if the two records of the trading differ.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from engine.app.engine import Engine, obey_signals, running_mode
from engine.app.stepped import trade_in_steps
from engine.book import ASK, BID
from engine.config.engine import Credentials, EngineConfig, load
from engine.config.shipped import config_path
from engine.exchange import captures
from engine.instrument import Instrument
from engine.runtime import log
from engine.runtime.latency import LatencyCounts
from engine.session.file.settings import load_session, render
from engine.sim.child import SimChild
from engine.sim.config import SimConfig, load_config, with_acceptor, with_captures

ACCOUNT = "FIXLANE"
REFRESH_S = 0.5
KEY_ID = "00000000-0000-4000-8000-000000000000"
KEY_ID_ENV = "FIXLANE_DEMO_KEY_ID"
PLAIN_REFRESH_S = 5.0  # where there is no terminal to write over


def demo(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 when both sides agree at the end, 1 otherwise."""
    with TemporaryDirectory(prefix="fixlane-demo-") as directory:
        state = Path(directory)
        files = [path.resolve() for path in arguments.capture or ()]
        credentials = make_key(state)
        config = demo_config(state, credentials, files, arguments)
        venue_config = demo_venue_config(state, files, arguments)
        listener = log.start("warning", state / "engine.log")
        try:
            if arguments.steps:
                result = step(venue_config, config, arguments.steps)
            else:
                result = trade_with_child(venue_config, config, state, arguments.seconds)
        finally:
            listener.stop()
        differences = compare(result)
    print(summary(result))
    for difference in differences:
        print(f"fixlane: {difference}", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if differences else 0


def make_key(state: Path) -> Credentials:
    """Make the API key of this run: its public half for the venue, its private one for the engine."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for path, text in ((state / "key.pem", private), (state / "public.pem", public)):
        path.touch(mode=0o600)
        path.write_bytes(text)
    os.environ[KEY_ID_ENV] = KEY_ID
    return Credentials(key_id_env=KEY_ID_ENV, private_key_file=state / "key.pem")


def demo_venue_config(state: Path, files: list[Path], arguments: argparse.Namespace) -> SimConfig:
    """Return `config/sim.toml` with free ports and a state of its own."""
    replace = msgspec.structs.replace
    config = with_acceptor(load_config(config_path("sim.toml")), arguments.acceptor)
    config = replace(
        config,
        state_path=str(state / "venue"),
        feed=replace(config.feed, port=0, auth="keys", keys={KEY_ID: str(state / "public.pem")}),
        fix=replace(config.fix, port=0),
        control=replace(config.control, port=0),
    )
    return with_captures(config, files, arguments.speed)


def demo_config(
    state: Path, credentials: Credentials, files: list[Path], arguments: argparse.Namespace
) -> EngineConfig:
    """Return `config/engine.toml` with the paths and flags of this run."""
    replace = msgspec.structs.replace
    config = load(config_path("engine.toml"))
    engine = replace(config.engine, state_dir=state / "engine")
    if arguments.session:
        engine = replace(engine, session=arguments.session)
    if arguments.mode:
        engine = replace(engine, mode=arguments.mode)
    instruments: tuple[Instrument, ...] = tuple(captures.markets(files)) if files else config.instruments
    return replace(
        config,
        engine=engine,
        instruments=instruments,
        feed=replace(config.feed, credentials=credentials),
        journal=replace(config.journal, directory=state / "journal"),
    )


def with_ports(config: EngineConfig, fix_port: int, feed_port: int = 0) -> EngineConfig:
    """Return `config` with a session file and a feed that lead to the venue of this run."""
    replace = msgspec.structs.replace
    state = config.engine.state_dir
    state.mkdir(parents=True, exist_ok=True)
    session_file = state / "initiator.cfg"
    settings = load_session(config.session.settings, "initiator", state)
    session_file.write_text(render([settings], {"SocketConnectPort": fix_port, "FileStorePath": state / "store"}))
    return replace(
        config,
        session=replace(config.session, settings=session_file),
        feed=replace(config.feed, url=f"ws://127.0.0.1:{feed_port}/trade-api/ws/v2"),
    )


def step(venue_config: SimConfig, config: EngineConfig, steps: int) -> dict[str, Any]:
    """Trade in this process, in steps: the same in every run."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        run = runner.run(trade_in_steps(venue_config, partial(with_ports, config), ACCOUNT, steps))
    result = results(run.engine, run.seconds)
    result |= {"mode": "stepped", "venue": msgspec.structs.asdict(run.venue), "replayed": 0}
    return result | {"record": run.digest, "conversation": run.conversation}


def trade_with_child(venue_config: SimConfig, config: EngineConfig, state: Path, seconds: float) -> dict[str, Any]:
    """Trade against a venue in a process of its own."""
    print("fixlane: starting the simulated venue", file=sys.stderr)
    with SimChild(venue_config, state) as venue:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            result = runner.run(trade(with_ports(config, venue.fix_port, venue.feed_port), seconds))
        result["venue"] = venue.control("summary", account=ACCOUNT)
        result["replayed"] = venue.control("status")["replayed"]
    return result


async def trade(config: EngineConfig, seconds: float) -> dict[str, Any]:
    """Run the engine for `seconds`, or until SIGINT, and return what happened."""
    loop = asyncio.get_running_loop()
    engine = Engine(config, loop)
    obey_signals(engine, loop)
    started = time.monotonic()
    with running_mode(config, loop, engine):
        end = loop.call_later(seconds, engine.stop)
        display = loop.create_task(show(engine, started))
        await engine.run()
        end.cancel()
        display.cancel()
    return results(engine, time.monotonic() - started)


async def show(engine: Engine, started: float) -> None:
    """Write the live line, over itself on a terminal."""
    is_terminal = sys.stderr.isatty()
    frames = 0
    while True:
        await asyncio.sleep(REFRESH_S if is_terminal else PLAIN_REFRESH_S)
        elapsed = time.monotonic() - started
        now = engine.counters.frames
        rate = (now - frames) / (REFRESH_S if is_terminal else PLAIN_REFRESH_S)
        frames = now
        print(live_line(engine, elapsed, rate), end="\r" if is_terminal else "\n", file=sys.stderr, flush=True)


def live_line(engine: Engine, elapsed: float, frames_per_second: float) -> str:
    counters, tick = engine.counters, engine.trading.tick_to_order
    net = sum(abs(position.net) for position in engine.portfolio)
    return (
        f"{elapsed:5.1f} s  {engine.supervisor.state.value:8}  {frames_per_second:6.0f} frames/s"
        f"  {counters.orders:6} orders  {counters.fills:5} fills  {net / 100:8.2f} gross"
        f"  {pnl(engine) / 1e6:+9.4f} $  tick-to-order last {tick.last_ns / 1000:6.1f}"
        f" p99 {LatencyCounts(tick).percentile(99) / 1000:6.1f} us"
    )


def pnl(engine: Engine) -> int:
    """Return realised and unrealised profit after fees over all markets, in money units."""
    return engine.portfolio.pnl


def results(engine: Engine, seconds: float) -> dict[str, Any]:
    counters = engine.counters
    names = [
        "frames",
        "book_updates",
        "trades",
        "orders",
        "acks",
        "fills",
        "cancels",
        "replaces",
        "rejects",
        "risk_denials",
        "gaps",
    ]
    found: dict[str, Any] = {"seconds": round(seconds, 3)}
    found |= {name: getattr(counters, name) for name in names}
    found["reconnects"] = engine.reconnects()
    found["position"] = {p.instrument.symbol: p.net for p in engine.portfolio if p.net}
    found["cash"] = engine.portfolio.cash - engine.portfolio.fees
    found["marks"] = {position.instrument.symbol: position.mark for position in engine.portfolio}
    found["pnl"] = pnl(engine)
    found["tick_to_order_ns"] = LatencyCounts(engine.trading.tick_to_order).summary()
    found["order_round_trip_ns"] = LatencyCounts(engine.trading.round_trip).summary()
    found["mode"] = engine.config.engine.mode
    found["session"] = engine.config.engine.session
    found["last_book"] = {
        book.instrument.symbol: {"bids": book.depth(BID, 100), "asks": book.depth(ASK, 100)} for book in engine.books
    }
    return found


def compare(result: dict[str, Any]) -> list[str]:
    """Return in what our record and the venue's differ."""
    venue = result["venue"]
    ours = {"fills": result["fills"], "position": result["position"], "cash": result["cash"]}
    theirs = {
        "fills": venue["fills"],
        "position": {symbol: net for symbol, net in venue["positions"].items() if net},
        "cash": venue["cash"],
    }
    return [f"{name}: ours {ours[name]}, the venue's {theirs[name]}" for name in ours if ours[name] != theirs[name]]


def summary(result: dict[str, Any]) -> str:
    """Return the closing table."""
    rows: list[tuple[str, object]] = [(name.replace("_", " "), result[name]) for name in (
        "seconds", "mode", "session", "frames", "book_updates", "orders", "acks", "fills", "cancels", "replaces",
        "rejects", "risk_denials", "gaps", "reconnects",
    )]  # fmt: skip
    rows.append(("position", ", ".join(f"{s} {n / 100:+.2f}" for s, n in result["position"].items()) or "flat"))
    rows.append(("profit after fees", f"{result['pnl'] / 1e6:+.6f} $"))
    if "record" in result:
        rows.append(("record", result["record"]))
    for name, title in (
        ()
        if "record" in result
        else (("tick_to_order_ns", "tick to order"), ("order_round_trip_ns", "order round trip"))
    ):
        run = result[name]
        rows.append(
            (title, f"p50 {run['p50_ns'] / 1e3:.1f}  p99 {run['p99_ns'] / 1e3:.1f}  max {run['max_ns'] / 1e3:.1f} us")
        )
    rows.append(("venue's own record", "agrees" if not compare(result) else "DIFFERS"))
    return "\n" + "\n".join(f"{title:>20}  {value}" for title, value in rows)
