"""The path of market data that come many entries a message, as over FIX: entries to books, then on as frames do.

Units   as in `loop`.
Errors  none: what cannot be read is counted and told. It costs the markets that it names their books, which are asked
        for anew; where not even these can be read, the session that brought it ends with the gap.
Cost    about 0.2 us an entry beside its decoding.
Thread  the loop thread only.
"""

from engine.codec import Fields
from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.venue import EventKind, FixMarketDataDialect, MarketEvent

LEVEL = EventKind.LEVEL


class EntryPath:
    """Leads the messages of one feed to the books of `loop`, whose `on_read_end` runs the strategy."""

    def __init__(self, loop: TradingLoop, market_data: FixMarketDataDialect) -> None:
        self._loop = loop
        self._market_data = market_data
        self._decode = market_data.decode

    def on_message(self, message: Fields) -> None:
        """Apply the entries of one message, in order."""
        loop = self._loop
        now_ns = loop.last_frame_ns = loop._clock.now_ns()
        loop.counters.frames += 1
        event = None
        try:
            for event in self._decode(message):
                if event.kind == LEVEL:
                    book = loop._places[event.instrument.index]
                    if not loop._moved(book, book.set_level(event.side, event.price, event.size), now_ns):
                        loop._command(self._market_data.resync((book.instrument,)))
                else:
                    loop._on_event(event, now_ns)
        except DecodeError as error:
            loop.counters.bad_frames += 1
            loop.notices.tell(NoticeKind.FRAME_UNREADABLE, str(error))
        else:
            if event is None:
                loop.counters.unknown_frames += 1
                text = f"MsgType(35) {message.msg_type} of market data: nothing in it that is known"
                loop.notices.tell(NoticeKind.MESSAGE_UNKNOWN, text)
        if event is not None:
            loop.watch.note(event, now_ns)

    def on_missed(self, event: MarketEvent) -> None:
        """Act on a message that the session did not take."""
        self._loop.counters.bad_frames += 1
        self._loop._on_event(event, self._loop._clock.now_ns())
