"""A recording of our own trading, read or converted, is the book of others, exactly."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import fix
from engine.backtest.capture.frames import find, groups
from engine.backtest.clock import START_NS
from engine.backtest.generated.venue import GeneratedVenue
from engine.backtest.history import TimedFrame, timed
from engine.backtest.own.lines import own_lines
from engine.backtest.runner import Ended
from engine.exchange.captures import DELTA, SNAPSHOT
from engine.exchange.events import Event, Report, Traded
from engine.strategies.quoter import TwoSidedQuoter
from engine.strategy import Book, Strategy
from tests.backtest.own.trading import LATENCY, listed, quoter, traded, venue_of
from tests.backtest.test_runner import NoFees
from tests.support.recorded import MS

pytest.importorskip("zstandard")
Sizes = dict[tuple[int, int], int]
SYMBOLS = ("GEN-0", "GEN-1")


class Watched(GeneratedVenue):
    """Notes after each of its acts what others have, and what is told to the desk."""

    def __init__(self, seed: int, seconds: int) -> None:
        self.truth: list[tuple[int, dict[str, Sizes]]] = []
        self.reports: list[tuple[int, Report]] = []
        plain = venue_of(seed, seconds)
        super().__init__(listed(2), NoFees(), plain.settings, LATENCY, START_NS, START_NS + seconds * 1_000 * MS)

    def act(self) -> None:
        now_ns = self.next_ns
        super().act()
        self.truth.append((now_ns, {symbol: self.size_outside(symbol) for symbol in SYMBOLS}))

    def _answer(self, events: list[Event], now_ns: int) -> None:  # type: ignore[override]
        super()._answer(events, now_ns)
        self.reports += [(now_ns + MS, each) for each in events if isinstance(each, Report)]


def books(frames: list[TimedFrame]) -> Iterator[tuple[int, dict[str, Sizes]]]:
    """Yield the books after each frame, built by nothing of the engine's."""
    found: dict[str, Sizes] = {symbol: {} for symbol in SYMBOLS}
    for each in sorted(frames, key=lambda timed: timed.venue_ns):
        message, sizes = json.loads(each.frame.body), found[each.frame.symbol]
        if each.frame.kind == SNAPSHOT:
            sizes.clear()
            for name, side in (("yes", 1), ("no", 2)):
                sizes |= {
                    (side, cents(name, price)): lots(size) for price, size in message.get(f"{name}_dollars_fp", ())
                }
        elif each.frame.kind == DELTA:
            place = 1 if message["side"] == "yes" else 2, cents(message["side"], message["price_dollars"])
            sizes[place] = sizes.get(place, 0) + lots(message["delta_fp"])
            if not sizes[place]:
                del sizes[place]
        yield each.venue_ns, {symbol: dict(sizes) for symbol, sizes in found.items()}


def cents(name: str, text: str) -> int:
    price = round(float(text) * 10_000)
    return price if name == "yes" else 10_000 - price


def lots(text: str) -> int:
    return round(float(text) * 100)


def differing(frames: list[TimedFrame], truth: list[tuple[int, dict[str, Sizes]]]) -> int:
    """Return at how many of the times of `truth` a book of the frames is another."""
    found, wrong = books(frames), 0
    state: tuple[int, dict[str, Sizes]] = next(found)
    pending = next(found, None)
    for now_ns, sizes in truth:
        while pending is not None and pending[0] <= now_ns:
            state, pending = pending, next(found, None)
        wrong += state[1] != sizes
    return wrong


def write_reports(recording: Path, reports: list[tuple[int, Report]]) -> None:
    """Write what the desk was told beside its frames, as a trading engine does."""
    run = recording.name.split("-00001")[0]
    lines = []
    for heard_ns, each in reports:
        entry = {"kind": "REPORT", "time_ns": heard_ns, "msg_type": "8", "exec_type": each.exec_type}
        entry |= {
            "order_id": each.order_id,
            "symbol": each.symbol,
            "side": each.side,
            "price": f"{each.price / 1e4:.4f}",
        }
        entry |= {"leaves_qty": f"{each.leaves_qty / 100:.2f}"}
        if isinstance(each, Traded):
            entry |= {"last_px": f"{each.last_px / 1e4:.4f}", "last_qty": f"{each.last_qty / 100:.2f}"}
        lines.append(json.dumps(entry))
    (recording.parent / f"own-{run}.jsonl").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("seed", range(1, 6))
def test_frames_without_ours_are_the_book_of_others(tmp_path: Path, seed: int) -> None:
    venue = Watched(seed, 10)
    assert len(traded(venue, quoter()).fills) > 10
    frames = timed([venue.record(tmp_path)])
    assert len(venue.truth) > 2_000
    assert differing(frames, venue.truth) == 0


@pytest.mark.parametrize("seed", range(1, 4))
def test_rows_without_ours_are_the_book_of_others(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("pyarrow")
    from engine.backtest.rows.convert import convert
    from engine.backtest.rows.schema import Flag, Kind
    from engine.backtest.rows.store import open_rows

    venue = Watched(seed, 10)
    ended = traded(venue, quoter())
    venue.record(tmp_path)
    told: list[str] = []
    (day,) = convert([tmp_path], tmp_path / "out", True, lambda path, line, what, text: told.append(what))
    rows = {name: values.tolist() for name, values in open_rows(day.path).columns.items()}
    assert told == []
    assert day.counts["own_changes"] == sum(b"client_order_id" in frame for _, frame in venue.frames)
    assert day.counts["own_fills"] == len(ended.fills)
    found: dict[str, Sizes] = {symbol: {} for symbol in SYMBOLS}
    at = 0
    for now_ns, sizes in venue.truth:
        while at < len(rows["kind"]) and rows["venue_ns"][row := rows["venue_order"][at]] <= now_ns:
            at += 1
            if rows["kind"][row] == Kind.LEVEL:
                book = found[SYMBOLS[rows["market"][row]]]
                book[rows["maker_side"][row], rows["price"][row]] = rows["size"][row]
        assert {
            symbol: {place: size for place, size in book.items() if size} for symbol, book in found.items()
        } == sizes
    owned = [row for row, flags in enumerate(rows["flags"]) if flags & Flag.OWN]
    assert [rows["kind"][row] for row in owned] == [Kind.TRADE] * len(ended.fills)
    assert not any(rows["flags"][row] & Flag.PAIRED for row in owned)


class Far(Strategy):
    """Bids far from the market, so that nobody meets it."""

    def on_book(self, book: Book) -> None:
        if not book.best_bid or self.context.position(book.instrument).net:
            return
        if not getattr(self, "_sent", None):
            self._sent = self.context.buy(book.instrument, 100, 700)


def told(recording: Path) -> list[tuple[int, int, object]]:
    """Return all frames, but for the numbers that the venue gives to orders and trades."""
    found: list[tuple[int, int, object]] = []
    for each in timed([recording]):
        message = json.loads(each.frame.body)
        found.append((each.venue_ns, each.recv_ns, {**message, "recorder_order": "", "trade_id": ""}))
    return found


def test_recording_of_orders_that_nobody_met_is_that_of_nobody(tmp_path: Path) -> None:
    with_us, without = venue_of(3, 10), venue_of(3, 10)
    assert not traded(with_us, Far()).fills
    traded(without, Strategy())
    assert any(b"client_order_id" in frame for _, frame in with_us.frames)
    assert told(with_us.record(tmp_path / "a")) == told(without.record(tmp_path / "b"))


@pytest.mark.parametrize("seed", range(1, 6))
def test_reports_find_what_frames_do_not_name(tmp_path: Path, seed: int) -> None:
    venue = Watched(seed, 10)
    traded(venue, quoter(517))  # an odd size, so that few others have it
    named = own_lines([venue.record(tmp_path)])
    venue.frames[:] = [
        (heard_ns, frame.replace(b"client_order_id", b"somebody_elses")) for heard_ns, frame in venue.frames
    ]
    path = venue.record(tmp_path)
    assert own_lines(groups(find([path]))[0]).is_empty
    write_reports(path, venue.reports)
    found = own_lines([path])
    assert len(found.deltas) == len(named.deltas)
    assert found.unseen == 0
    # Where somebody else's change of the same size came in the same read, nobody can tell which is ours.
    assert len(found.deltas & named.deltas) >= 0.99 * len(named.deltas)
    assert differing(timed([path]), venue.truth) <= 0.01 * len(venue.truth)


def taking(venue: GeneratedVenue) -> Ended:
    class Takes(TwoSidedQuoter):
        """Buys once what is offered first."""

        def on_book(self, book: Book) -> None:
            is_time = self.context.now_ns > START_NS + 500 * MS and not getattr(self, "_took", None)
            if is_time and book.instrument.symbol == "GEN-0":
                self._took = self.context.buy(book.instrument, book.best_ask, 50, fix.Tif.IOC)

    return traded(venue, Takes(quoter().parameters))


def test_what_we_took_stays_until_the_other_side_reaches_it(tmp_path: Path) -> None:
    venue = Watched(2, 3)
    (fill,) = taking(venue).fills
    recording = venue.record(tmp_path)
    write_reports(recording, venue.reports)
    frames = timed([recording])
    place, at = (2, fill.price), fill.acted_ns
    before = max(now_ns for now_ns, _ in venue.truth if now_ns < at)
    truth = dict(venue.truth)
    shown = {now_ns: dict(found["GEN-0"]) for now_ns, found in books(frames)}
    last = max(now_ns for now_ns in shown if now_ns <= at)
    assert shown[last][place] == truth[before]["GEN-0"][place] == truth[at]["GEN-0"].get(place, 0) + fill.qty
    assert not any(
        json.loads(each.frame.body).get("ts_ms") == at // MS and each.frame.kind == "trade" for each in frames
    )
