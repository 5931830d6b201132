"""Kalshi's past: markets, events, settlements, trades and candlesticks of a series, also out of the archive.

Units   times in ns since 1970, prices 0.0001 dollars, sizes 0.01 contracts; -1 is a price that there was not.
Errors  RestError where the venue fails; what was written before stays, and the next run goes on from there.
Source  Kalshi REST: markets, events, trades, candlesticks; historical data and its cutoffs.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.app.data.history.progress import Fetched, FetchProgress
from engine.backtest.rows import past
from engine.backtest.rows.markets import MarketRow, read_markets, write_markets
from engine.net.rest.client import RestClient
from engine.venue.kalshi.rest import numbers
from engine.venue.kalshi.rest.operations import candlesticks, events, historical, markets
from engine.venue.kalshi.rest.operations.candlesticks import KalshiCandle, KalshiPriceCandle, KalshiQuoteCandle
from engine.venue.kalshi.rest.operations.events import KalshiEvent
from engine.venue.kalshi.rest.operations.markets import KalshiMarket, KalshiTrade

MINUTE_NS = 60 * 10**9
CHUNK_NS = 4_000 * MINUTE_NS  # of candles asked for at once
SETTLED = ("settled", "finalized")
_TAKERS = {"yes": 1, "no": 2}


class WantedHistory(NamedTuple):
    """What is asked for; a market that was open in the time is in it."""

    series: str
    from_ns: int
    to_ns: int
    minutes: int = 1


class PastMarket(NamedTuple):
    """A market as the venue tells it, and whether it is in the archive."""

    row: MarketRow
    status: str
    is_archived: bool


class KalshiHistory:
    """Fetches into `out`; `step(done, of, market)` hears how far it is. `counts` has the new rows of each kind."""

    def __init__(
        self, client: RestClient, out: Path, now_ns: Callable[[], int], step: Callable[[int, int, str], object]
    ) -> None:
        self._client = client
        self._venue = out / "kalshi"
        self._now_ns = now_ns
        self._step = step
        self._progress = FetchProgress(self._venue / "progress.ndjson")
        self.counts = {"markets": 0, "events": 0, "settlements": 0, "trades": 0, "candlesticks": 0}

    async def fetch(self, wanted: WantedHistory) -> None:
        """Fetch all of it, market by market."""
        cutoff = await self._client.call(historical.cutoff())
        trades_cutoff_ns = numbers.time_ns(cutoff.trades_created_ts, "trades_created_ts")
        found = await self._markets(wanted)
        await self._events(wanted.series, {each.row.event for each in found})
        for number, market in enumerate(found):
            self._step(number, len(found), market.row.ticker)
            await self._trades(wanted, market, trades_cutoff_ns)
            await self._candles(wanted, market)
        self._step(len(found), len(found), "")

    async def _markets(self, wanted: WantedHistory) -> list[PastMarket]:
        """Write the table of markets and of what they paid; return those that were open in the time."""
        series = await self._client.call(events.series(wanted.series))
        listed: dict[str, PastMarket] = {}
        for call, is_archived in (
            (historical.markets(series=wanted.series), True),
            (markets.markets(series=wanted.series), False),
        ):
            async for each in self._client.pages(call):
                row = _market_row(each, wanted.series, series.category or "", series.fee_type)
                if (row.open_ns or 0) < wanted.to_ns and (row.close_ns or wanted.to_ns) > wanted.from_ns:
                    listed[row.ticker] = PastMarket(row, each.status, is_archived)
        table = self._venue / "markets.parquet"
        known = read_markets(table)
        rows = {symbol: market.row for symbol, market in listed.items()}
        self.counts["markets"] = len(rows.keys() - known.keys())
        write_markets(table, (known | rows).values())
        paid = [_settlement(row) for row in rows.values() if row.result]
        self.counts["settlements"] = past.merge(self._venue / "settlements.parquet", "settlements", paid)
        return [listed[symbol] for symbol in sorted(listed)]

    async def _events(self, series: str, named: set[str]) -> None:
        """Write the table of events: those that are listed, and of the others those that markets name."""
        path = self._venue / "events.parquet"
        found = [_event(each) async for each in self._client.pages(events.events(series=series))]
        known = {row["event"] for row in (*found, *past.read(path))}
        for ticker in sorted(named - known):
            found.append(_event((await self._client.call(events.event(ticker))).event))
        self.counts["events"] = past.merge(path, "events", found)

    async def _trades(self, wanted: WantedHistory, market: PastMarket, cutoff_ns: int) -> None:
        span = self._span(wanted, market, "trades")
        if span is None:
            return
        since_ns, until_ns = span
        ticker = market.row.ticker
        calls = []
        if since_ns < cutoff_ns:
            calls.append(historical.trades(ticker=ticker, since_ns=since_ns, until_ns=until_ns))
        if until_ns >= cutoff_ns:
            calls.append(markets.trades(ticker=ticker, since_ns=since_ns, until_ns=until_ns))
        rows = [_trade(each) for call in calls async for each in self._client.pages(call)]
        self._keep(wanted, market, "trades", rows, span)

    async def _candles(self, wanted: WantedHistory, market: PastMarket) -> None:
        kind = f"candlesticks {wanted.minutes}"
        span = self._span(wanted, market, kind)
        if span is None:
            return
        since_ns, until_ns = span
        rows = []
        for begin_ns in range(since_ns, until_ns, CHUNK_NS * wanted.minutes):
            end_ns = min(begin_ns + CHUNK_NS * wanted.minutes, until_ns)
            if market.is_archived:
                call = candlesticks.archived(market.row.ticker, begin_ns, end_ns, wanted.minutes)
            else:
                call = candlesticks.candlesticks(wanted.series, market.row.ticker, begin_ns, end_ns, wanted.minutes)
            for candle in (await self._client.call(call)).candlesticks:
                rows.append(_candle(candle, market.row.ticker, wanted.minutes))
        self._keep(wanted, market, kind, rows, span)

    def _span(self, wanted: WantedHistory, market: PastMarket, kind: str) -> tuple[int, int] | None:
        """Return the time that is still to be fetched of a market, None if there is none."""
        begin_ns = max(wanted.from_ns, market.row.open_ns or wanted.from_ns)
        since_ns = self._progress.since_ns(market.row.ticker, kind, begin_ns)
        until_ns = min(wanted.to_ns, self._now_ns())
        return None if since_ns is None or since_ns >= until_ns else (since_ns, until_ns)

    def _keep(
        self, wanted: WantedHistory, market: PastMarket, kind: str, rows: list[past.Row], span: tuple[int, int]
    ) -> None:
        """Write rows, then note that they are here."""
        since_ns, until_ns = span
        ticker, name = market.row.ticker, kind.split()[0]
        self.counts[name] += past.write_by_day(self._venue, name, wanted.series, ticker, rows)
        close_ns = market.row.close_ns or until_ns
        is_final = market.status in SETTLED and close_ns < until_ns
        # A candle or a trade of the last moments may still come: they are asked for again.
        from_ns = self._progress.from_ns(ticker, kind, since_ns)
        sure_ns = max(since_ns, until_ns - 2 * wanted.minutes * MINUTE_NS)
        self._progress.note(Fetched(ticker, kind, from_ns, sure_ns, is_final))


def _market_row(market: KalshiMarket, series: str, category: str, fee_type: str) -> MarketRow:
    ranges = ((each.start, each.end, each.step) for each in market.price_ranges)
    value = market.settlement_value_dollars
    return MarketRow(
        ticker=market.ticker,
        event=market.event_ticker,
        series=series,
        category=category,
        grid=" ".join(":".join(str(numbers.price(text, "price_ranges")) for text in band) for band in ranges),
        fee_type=fee_type,
        open_ns=numbers.optional_time_ns(market.open_time, "open_time") or None,
        close_ns=numbers.optional_time_ns(market.close_time, "close_time") or None,
        settled_ns=numbers.optional_time_ns(market.settlement_ts, "settlement_ts") or None,
        result=market.result or "",
        value=numbers.price(value, "settlement_value_dollars") if value and market.result else None,
        source="venue",
    )


def _event(event: KalshiEvent) -> past.Row:
    return {
        "event": event.event_ticker,
        "series": event.series_ticker,
        "title": event.title or "",
        "sub_title": event.sub_title or "",
        "source": "venue",
    }


def _settlement(row: MarketRow) -> past.Row:
    return {name: getattr(row, "ticker" if name == "market" else name) for name in past.SETTLEMENTS}


def _trade(trade: KalshiTrade) -> past.Row:
    return {
        "venue_ns": numbers.time_ns(trade.created_time, "created_time"),
        "market": trade.ticker,
        "price": numbers.price(trade.yes_price_dollars, "yes_price_dollars"),
        "size": numbers.size(trade.count_fp, "count_fp"),
        "taker": _TAKERS.get(trade.taker_outcome_side or "", 0),
        "flags": 8 if trade.is_block_trade else 0,
        "trade_id": trade.trade_id,
    }


def _candle(candle: KalshiCandle, market: str, minutes: int) -> past.Row:
    row = {"end_ns": candle.end_period_ts * 10**9, "minutes": minutes, "market": market}
    for name, part in (("bid", candle.yes_bid), ("ask", candle.yes_ask), ("price", candle.price)):
        row |= {f"{name}_{when}": _price(part, when) for when in ("open", "low", "high", "close")}
    volume, interest = candle.volume_fp or candle.volume, candle.open_interest_fp or candle.open_interest
    row["volume"] = numbers.size(volume, "volume") if volume else 0
    row["open_interest"] = numbers.size(interest, "open_interest") if interest else 0
    return row


def _price(part: KalshiQuoteCandle | KalshiPriceCandle, when: str) -> int:
    text = getattr(part, f"{when}_dollars") or getattr(part, when)
    return numbers.price(text, when) if text else -1
