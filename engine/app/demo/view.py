"""The demo's screen: one look at the engine as a page of text that fits the terminal.

Shapes  at most `width` columns and `height` rows, from 80 by 24 up; what is smaller loses its edges.
Cost    10 ms a page, which is why it is drawn in a process of its own (`screen`).
"""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from engine.app.demo.amounts import NOTHING, dollars, microseconds, shortened, signed
from engine.app.demo.look import DemoFacts, LatencyLook, Look, MarketFacts, MarketLook
from engine.instrument import Instrument

COLUMNS = ("market", "size", "bid", "ask", "size", "my bid", "my ask", "position", "profit $")
STYLES = ("", "dim", "green", "red", "dim", "green", "red", "", "")
SHORTEST_NAME = 8
STATES = {"waiting": "yellow", "trading": "bold green", "halted": "bold red", "stopping": "yellow", "stopped": "yellow"}
INVENTED = "invented markets"
CAPTURED = "recorded prices of real markets"


def view(facts: DemoFacts, look: Look, width: int, height: int) -> RenderableType:
    """Return the page."""
    above = [_title(facts, look), *_story(facts, width), Text(), *_figures(facts, look)]
    room = height - len(above) - 3  # a blank row, the table's head, the sum
    return Group(*above, Text(), _markets(facts, look, width, room))


def _title(facts: DemoFacts, look: Look) -> RenderableType:
    left_s = max(facts.seconds - look.elapsed_s, 0.0)
    state = Text.assemble(("Fixlane demo  ", "bold"), (look.state, STATES.get(look.state, "")))
    if look.state in ("waiting", "halted") and look.reason:
        state.append(f": {look.reason}", "dim")
    line = Table.grid(expand=True)
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(no_wrap=True, justify="right")
    line.add_row(state, Text(f"  {left_s:.0f} s left, Ctrl-C ends it", "dim"))
    return line


def _story(facts: DemoFacts, width: int) -> list[Text]:
    """Say what a stranger sees here, wrapped to rows of `width`."""
    markets = CAPTURED if facts.is_captured else INVENTED
    venue = f"A simulated exchange runs beside us as a process of its own: {markets}, no real money. "
    engine = f"The engine reads its market data over WebSocket and trades over FIX (session {facts.session}, "
    engine += f"mode {facts.mode}). "
    return _wrapped(venue + engine + f"Strategy {facts.strategy}: {facts.does}".rstrip(": "), width, "dim")


def _wrapped(text: str, width: int, style: str) -> list[Text]:
    rows, row = [], ""
    for word in text.split():
        if row and len(row) + 1 + len(word) > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return [Text(each, style, no_wrap=True, overflow="ellipsis") for each in (*rows, row)]


def _figures(facts: DemoFacts, look: Look) -> list[Text]:
    counts = f"{look.orders} new, {look.replaces} moved, {look.cancels} cancelled"
    return [
        _row("market data", f"{look.frames_per_second:.0f} frames/s, {look.frames} so far"),
        _row("orders", f"{counts}, {look.denials} held back by risk checks"),
        _row("fills", f"{look.fills}"),
        _row("frame to order", _latency(look.tick_to_order, "last {last}  p50 {p50}  p99 {p99} us")),
        _row("order to answer", _latency(look.round_trip, "p50 {p50}  p99 {p99} us")),
    ]


def _latency(latency: LatencyLook, words: str) -> str:
    if not latency.n:
        return NOTHING
    times = {"last": latency.last_ns, "p50": latency.p50_ns, "p99": latency.p99_ns}
    return words.format_map({name: microseconds(value) for name, value in times.items()})


def _row(name: str, value: str) -> Text:
    return Text.assemble((f"{name:17}", "cyan"), value, no_wrap=True, overflow="ellipsis")


def _markets(facts: DemoFacts, look: Look, width: int, room: int) -> Table:
    """Return the markets that fit into `room` rows and the sum over all."""
    rows = [_cells(*each) for each in zip(facts.markets, look.markets, strict=True)]
    missing = len(rows) - room
    if missing > 0:
        rows = rows[: max(room - 1, 0)]
    rest = [f"and {missing + 1} more", *[""] * (len(COLUMNS) - 1)]
    total = ["all", *[""] * (len(COLUMNS) - 2), dollars(look.pnl, _money_decimals(facts.markets[0]))]
    gap, name_width = _widths([*rows, total], width)
    table = Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="cyan")
    for title, style in zip(COLUMNS, STYLES, strict=True):
        justify = "left" if title == COLUMNS[0] else "right"
        table.add_column(title, style=style, no_wrap=True, overflow="ellipsis", justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(shortened(row[0], name_width), *row[1:-1], _profit(row[-1]))
    if missing > 0:
        table.add_row(*rest, style="dim")
    table.add_row(*total[:-1], _profit(total[-1]), style="bold")
    return table


def _widths(rows: Sequence[Sequence[str]], width: int) -> tuple[int, int]:
    """Return the gap between columns and the room for a market's name: two spaces where whole names fit."""
    columns = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    others = sum(columns[1:])
    gap = 2 if sum(columns) + 2 * (len(columns) - 1) <= width else 1
    return gap, max(min(columns[0], width - others - gap * (len(columns) - 1)), SHORTEST_NAME)


def _cells(facts: MarketFacts, look: MarketLook) -> list[str]:
    """Return a market's row; its decimals are those of its instrument."""
    instrument = Instrument(
        facts.symbol, 0, None, price_decimals=facts.price_decimals, size_decimals=facts.size_decimals
    )

    def price(value: int | None) -> str:
        """Return a price as text, or the sign for none."""
        return NOTHING if value is None else instrument.format_price(value)

    def size(value: int, beside: int | None) -> str:
        """Return a size as text, or the sign for none where there is no price."""
        return NOTHING if beside is None else instrument.format_size(value)

    return [
        facts.symbol,
        size(look.bid_size, look.bid),
        price(look.bid),
        price(look.ask),
        size(look.ask_size, look.ask),
        price(look.own_bid),
        price(look.own_ask),
        signed(instrument.format_size(look.net)) if look.net else NOTHING,
        dollars(look.pnl, _money_decimals(facts)),
    ]


def _profit(text: str) -> Text:
    return Text(text, "red" if text.startswith("-") else "green")


def _money_decimals(facts: MarketFacts) -> int:
    return facts.price_decimals + facts.size_decimals
