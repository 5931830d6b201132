"""The entries of a MarketDataIncrementalRefresh(X), one after the other: plain levels at once, the rest by the dialect.

A plain level is a bid or an offer that becomes, or is no more, at a price that its market has, while its book is there.

Units   prices and sizes of each entry in those of its instrument; times in ns since 1970.
Shapes  the first field of the group opens each entry; what stands in an entry and is not needed here costs nothing.
        An entry without a Symbol(55) is about the market of the one before.
Errors  none of its own: what cannot be read is left to the dialect.
Cost    about 0.2 us for a plain level, the event included.
Source  FIX 4.4 volume 3, market data; FIX 5.0 SP2.
"""

cimport cython
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport int64_t
from libc.string cimport memcmp, memcpy

from engine._decimal cimport parse_chars
from engine._text cimport (
    PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_KIND,
)
from engine.codec._fields cimport Fields
from engine.codec._pieces cimport Field
from engine.codec._timestamp cimport read_timestamp
from engine.instrument cimport Instrument, PriceGrid

from engine import book

cdef enum:
    NO_MD_ENTRIES = 268
    SENDING_TIME = 52
    SYMBOL_TAG = 55
    CHECK_SUM = 10
    TAGS = 280  # those that count are below

# The fields that a plain level is made of; OTHER stands for all the rest, RARE for what only the dialect reads.
cdef enum:
    OTHER
    RARE
    ACTION
    SYMBOL
    KIND
    PRICE
    SIZE
    DATE
    TIME
    PLACES

cdef dict OF_TAG = {11: RARE, 279: ACTION, 55: SYMBOL, 269: KIND, 270: PRICE, 271: SIZE, 272: DATE, 273: TIME}
cdef unsigned char[TAGS] PLACE_OF = [OF_TAG.get(tag, OTHER) for tag in range(TAGS)]
cdef object BID = book.BID
cdef object ASK = book.ASK


@cython.final
cdef class Entries:
    """Iterates over the events of one message; `event` is the last that it returned."""

    cdef Fields fields
    cdef dict markets
    cdef object level, unusual
    cdef readonly object event
    cdef int next, opener
    cdef bint is_named
    cdef str symbol
    cdef int64_t sent_ns

    def __init__(self, dict markets not None, level not None, unusual not None):
        """`markets` are those whose book is there, by symbol, and may change at any time; `level` is the event of a
        plain level. `unusual(entry, at_ns)` returns the event of any other entry, whose fields are text by tag."""
        self.fields = Fields()
        self.markets = markets
        self.level = level
        self.unusual = unusual
        self.event = level
        self.symbol = ""

    def begin(self, Fields fields not None):
        """Take a message; return how many entries it announces, -1 where it does not, and how many it has."""
        cdef int i, found = 0, group = fields.find(NO_MD_ENTRIES)
        cdef int64_t announced = -1
        self.fields = fields
        self.opener = 0
        self.next = fields.count
        self.sent_ns = sent_at(fields)
        i = fields.find(SYMBOL_TAG)
        self.is_named = 0 <= i < group
        if self.is_named:
            self.name(i)
        if group < 0:
            return -1, 0
        if not fields.copy_int(group, &announced):
            announced = -1
        for i in range(group + 1, fields.count):
            if self.opener == 0 and <unsigned int>fields.fields[i].tag < TAGS and PLACE_OF[fields.fields[i].tag] > RARE:
                self.opener = fields.fields[i].tag
                self.next = i
            found += self.opener != 0 and fields.fields[i].tag == self.opener
        return announced, found

    def __iter__(self):
        return self

    def __next__(self):
        cdef int at[PLACES]
        cdef int start, i, place
        cdef Fields fields = self.fields
        if self.next >= fields.count:
            raise StopIteration
        for i in range(PLACES):
            at[i] = -1
        start = i = self.next
        while True:
            if <unsigned int>fields.fields[i].tag < TAGS:
                place = PLACE_OF[fields.fields[i].tag]
                if at[place] < 0:
                    at[place] = i
            i += 1
            if i >= fields.count or fields.fields[i].tag == self.opener:
                break
        self.next = i
        if at[SYMBOL] >= 0:
            self.name(at[SYMBOL])
        if self.is_plain(at):
            self.event = self.level
        else:
            self.event = self.unusual(self.entry(start, i), self.time_of(at))
        return self.event

    cdef void name(self, int i) noexcept:
        """Note the market that is spoken of; the text of the entry before serves again where it is the same."""
        cdef const unsigned char* value = self.fields.data + self.fields.fields[i].start
        cdef Py_ssize_t length = self.fields.fields[i].length
        self.is_named = True
        if (
            PyUnicode_GET_LENGTH(self.symbol) != length
            or PyUnicode_KIND(self.symbol) != PyUnicode_1BYTE_KIND
            or memcmp(PyUnicode_1BYTE_DATA(self.symbol), value, length) != 0
        ):
            self.symbol = PyUnicode_DecodeLatin1(<const char*>value, length, NULL)

    cdef bint is_plain(self, int* at) except -1:
        """Whether the entry is a plain level, which is in its event then."""
        cdef bint ok = False
        cdef int64_t price, size = 0
        cdef unsigned char kind = self.letter(at[KIND]), action = self.letter(at[ACTION])
        cdef Instrument instrument
        if at[RARE] >= 0 or not self.is_named or at[PRICE] < 0:
            return False
        if (kind != c"0" and kind != c"1") or action < c"0" or action > c"2":
            return False
        instrument = self.markets.get(self.symbol)
        if instrument is None:
            return False
        price = self.number(at[PRICE], instrument.price_decimals, &ok)
        if not ok or not has_price(instrument, price):
            return False
        if action != c"2":
            if at[SIZE] < 0:
                return False
            size = self.number(at[SIZE], instrument.size_decimals, &ok)
            if not ok or size < 0:
                return False
        level = self.level
        level.instrument = instrument
        level.side = BID if kind == c"0" else ASK
        level.price = price
        level.size = size
        level.venue_time_ns = self.time_of(at)
        return True

    cdef inline unsigned char letter(self, int i) noexcept:
        """A value of one character; 0 for any other."""
        cdef Fields fields = self.fields
        return fields.data[fields.fields[i].start] if i >= 0 and fields.fields[i].length == 1 else 0

    cdef inline int64_t number(self, int i, int decimals, bint* ok) noexcept:
        cdef Fields fields = self.fields
        return parse_chars(fields.data + fields.fields[i].start, fields.fields[i].length, decimals, ok)

    cdef int64_t time_of(self, int* at) noexcept:
        """When it happened, MDEntryDate(272) and MDEntryTime(273); when it was sent where they do not say."""
        cdef Fields fields = self.fields
        cdef unsigned char text[27]
        cdef Field* field
        cdef int64_t ns
        if at[DATE] < 0 or at[TIME] < 0 or fields.fields[at[DATE]].length != 8:
            return self.sent_ns
        field = &fields.fields[at[TIME]]
        if field.length < 8 or field.length > 18:
            return self.sent_ns
        memcpy(text, fields.data + fields.fields[at[DATE]].start, 8)
        text[8] = c"-"
        memcpy(text + 9, fields.data + field.start, field.length)
        return ns if read_timestamp(text, 9 + field.length, &ns) else self.sent_ns

    cdef dict entry(self, int start, int end):
        """The fields of an entry as text; of a tag that is there twice the first."""
        cdef dict found = {}
        cdef int i
        for i in range(start, end):
            if self.fields.fields[i].tag != CHECK_SUM:
                found.setdefault(self.fields.fields[i].tag, self.text(i))
        if self.is_named:
            found.setdefault(SYMBOL_TAG, self.symbol)
        return found

    cdef str text(self, int i):
        cdef Fields fields = self.fields
        return PyUnicode_DecodeLatin1(
            <const char*>fields.data + fields.fields[i].start, fields.fields[i].length, NULL
        )


cdef int64_t sent_at(Fields fields) noexcept:
    """SendingTime(52), 0 without one that can be read."""
    cdef int64_t ns
    cdef int i = fields.find(SENDING_TIME)
    if i < 0 or not read_timestamp(fields.data + fields.fields[i].start, fields.fields[i].length, &ns):
        return 0
    return ns


cdef inline bint has_price(Instrument instrument, int64_t price):
    cdef PriceGrid grid = instrument.grid
    if grid is None:
        return price > 0
    return 0 <= price < len(grid.slot_of) and <int64_t>grid.slot_of[price] >= 0
