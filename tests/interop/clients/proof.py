"""Runs a client in its environment, and holds what it makes of the answers against the venue's own records."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import fix
from engine.exchange.ledger.records import FillRecord, OrderRecord
from engine.sim.keys import SimKey, make_key
from tests.interop.clients.scenario import Call
from tests.support.places import ROOT
from tests.support.sim.kalshi_rest import RAIN, SNOW, KalshiSite

ENVIRONMENTS = Path(sys.prefix) / "clients"
PATIENCE = 60  # seconds, for one client's whole list


def python_of(name: str) -> Path:
    """Return the interpreter of a client's environment; skip where that is not installed."""
    if not (ENVIRONMENTS / name / "installed").exists():
        pytest.skip(f"{name} is not installed: `make test` does it where pip can fetch it")
    return ENVIRONMENTS / name / "bin" / "python"


class Run:
    """One client's answers, by the names of the calls."""

    def __init__(self, site: KalshiSite, name: str, script: str, calls: list[Call], kind: str) -> None:
        key = make_key(site.folder, kind)
        site.keys.add(SimKey(key.key_id, "ann", key.public_key))
        assert site.files is not None
        given = {
            "host": f"https://127.0.0.1:{site.site.port}/trade-api/v2",
            "ca": str(site.files.authority),
            "key_id": key.key_id,
            "key_file": str(key.file),
            "calls": calls,
        }
        ended = subprocess.run(
            [python_of(name), "-m", f"tests.interop.clients.{script}"],
            input=json.dumps(given), capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(site.files.authority)},
        )  # fmt: skip
        lines = [json.loads(line) for line in ended.stdout.splitlines()]
        assert ended.returncode == 0, ended.stderr
        self.operations: list[str] = lines[0]["operations"]
        self.done = {line["name"]: line for line in lines[1:]}

    def answer(self, name: str) -> Any:
        return self.done[name]["answer"]

    def refused(self) -> dict[str, tuple[int | None, str | None]]:
        return {name: (line["error"]["status"], line["error"]["code"])
                for name, line in self.done.items() if "error" in line}  # fmt: skip

    def failures(self) -> dict[str, str]:
        """Return the calls that failed in the client itself, without an answer of the venue."""
        return {name: line["error"]["text"]
                for name, line in self.done.items() if "error" in line and not line["error"]["status"]}  # fmt: skip

    def covered(self) -> set[str]:
        """Return the operations of which the client took an answer."""
        return {line["operation"] for line in self.done.values() if "answer" in line}


def prove_final(site: KalshiSite, run: Run) -> None:
    """Compare the last reads of a client with the venue's own records, number by number."""
    accounts = [account for account in site.place.ledger.holdings if account.partition("/")[0] == "ann"]
    ledger = site.place.ledger
    orders = [record for account in accounts for record in ledger.orders(account)]
    told = {row["order_id"]: order_numbers(row) for row in rows(run, "orders")}
    assert told == {record.order_id: order_of(record) for record in orders}
    assert len(told) >= 4
    fills = [record for account in accounts for record in ledger.fills(account)]
    filled = {row["trade_id"]: fill_numbers(row) for row in rows(run, "fills")}
    assert filled == {record.trade_id: fill_of(record) for record in fills}
    assert filled
    prove_holdings(site, run, accounts)
    prove_market(site, run)


def prove_holdings(site: KalshiSite, run: Run, accounts: list[str]) -> None:
    ledger = site.place.ledger
    positions = [record for account in accounts for record in ledger.positions(account)]
    assert {row["ticker"]: position_numbers(row) for row in rows(run, "positions", "market_positions")} == {
        record.symbol: (record.net, record.cost, record.traded, record.realized, record.fees) for record in positions
    }
    assert len(positions) >= 2
    (paid,) = ledger.settlements("ann")
    (row,) = rows(run, "settlements")
    assert (row["ticker"], row["market_result"], row["revenue"]) == (SNOW, "yes", paid.revenue // 10_000)
    assert integer(row["yes_count_fp"], 2) == paid.yes_qty == 1_000
    balance = run.answer("final_balance")
    assert balance["balance"] == sum(record.cash for record in ledger.balances("ann")) // 10_000
    assert balance["portfolio_value"] == site.place.worth("ann") // 10_000


def prove_market(site: KalshiSite, run: Run) -> None:
    trades = site.place.tape.trades(min_ns=site.place.ledger.cutoffs.trades_ns)
    assert {
        row["trade_id"]: (row["ticker"], integer(row["yes_price_dollars"], 4), integer(row["count_fp"], 2))
        for row in rows(run, "trades")
    } == {trade.trade_id: (trade.symbol, trade.price, trade.qty) for trade in trades}
    assert trades
    market = run.answer("final_market")
    market = market.get("market", market)
    book = site.place.exchange.markets[RAIN]
    bid, ask = book.bids.best(), book.asks.best()
    assert bid is not None and ask is not None
    assert integer(market["yes_bid_dollars"], 4) == bid.price
    assert integer(market["yes_ask_dollars"], 4) == ask.price
    assert integer(market["volume_fp"], 2) == site.place.listing.markets[RAIN].volume > 0


def rows(run: Run, name: str, key: str = "") -> list[dict[str, Any]]:
    """Return the rows of a final read, which some clients hand out without what is around them."""
    answer = run.answer(f"final_{name}")
    found: list[dict[str, Any]] = answer if isinstance(answer, list) else answer[key or name]
    return found


def integer(text: str, decimals: int) -> int:
    """Return the integer that a decimal text means, exactly."""
    value = Decimal(text).scaleb(decimals)
    assert value == int(value)
    return int(value)


def order_numbers(row: dict[str, Any]) -> tuple[object, ...]:
    texts = (row["client_order_id"], row["ticker"], row["book_side"], row["status"])
    counts = [integer(row[f"{name}_count_fp"], 2) for name in ("initial", "fill", "remaining")]
    return (*texts, integer(row["yes_price_dollars"], 4), *counts)


def order_of(record: OrderRecord) -> tuple[object, ...]:
    texts = (record.cl_ord_id, record.symbol, book_side(record.side), record.rest_status)
    return (*texts, record.price, record.order_qty, record.cum_qty, record.leaves_qty)


def fill_of(record: FillRecord) -> tuple[object, ...]:
    numbers = record.price, record.qty, record.fee
    return (record.order_id, record.symbol, book_side(record.side), *numbers, record.is_taker)


def book_side(side: int) -> str:
    return "bid" if side == fix.BUY else "ask"


def fill_numbers(row: dict[str, Any]) -> tuple[object, ...]:
    fee = row.get("fee_cost") or row.get("fee_cost_dollars") or "0"
    numbers = integer(row["yes_price_dollars"], 4), integer(row["count_fp"], 2), integer(fee, 6)
    return (row["order_id"], row["ticker"], row["book_side"], *numbers, row["is_taker"])


def position_numbers(row: dict[str, Any]) -> tuple[int, ...]:
    names = ("market_exposure", "total_traded", "realized_pnl", "fees_paid")
    return (integer(row["position_fp"], 2), *(integer(row[f"{name}_dollars"], 6) for name in names))
