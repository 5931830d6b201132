"""Every flag of a Logon changes what is sent, and nothing else does."""

from pathlib import Path

import pytest

from tests.support.sim.kalshi_fix import COMBO, RAIN, SECOND_NS, SNOW, FixVenue, FixWire, play

DOLLARS = {21005: "Y"}
PLAIN = {**DOLLARS, 21011: "Y"}  # without pending reports


async def offer(venue: FixVenue, qty: int, price: str, symbol: str = RAIN) -> FixWire:
    """Let bob sell, resting."""
    bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
    bob.send("D", f"11=b1|38={qty}|40=2|44={price}|54=2|55={symbol}|59=1")
    assert (await bob.next())[150] == "0"
    return bob


async def course(wire: FixWire, count: int) -> list[tuple[str, str, str, str, str]]:
    """Return ExecType, OrdStatus, OrderQty, LeavesQty and Text of the next reports."""
    told = await wire.all(count)
    assert await wire.silent()
    return [(one[150], one[39], one[38], one[151], one.get(58, "")) for one in told]


CASES = {
    "rests": ("38=5|44=0.4|59=1", {}, [("A", "A", "5.00", "5.00", ""), ("0", "0", "5.00", "5.00", "")]),
    "rests, pending skipped": ("38=5|44=0.4|59=1", {21011: "Y"}, [("0", "0", "5.00", "5.00", "")]),
    "trades at once": ("38=5|44=0.5|59=1", {}, [("A", "A", "5.00", "5.00", ""), ("F", "2", "5.00", "0.00", "")]),
    "trades at once, New first": (
        "38=5|44=0.5|59=1",
        {21026: "Y", 21011: "Y"},
        [("0", "0", "5.00", "5.00", ""), ("F", "2", "5.00", "0.00", "")],
    ),
    "trades and rests": ("38=15|44=0.5|59=1", {21011: "Y"}, [("F", "1", "15.00", "5.00", "")]),
    "IOC, no liquidity": (
        "38=5|44=0.4|59=3",
        {},
        [("A", "A", "5.00", "5.00", ""), ("4", "4", "0.00", "0.00", "IMMEDIATE_OR_CANCELLED")],
    ),
    "IOC, no liquidity, all flags": (
        "38=5|44=0.4|59=3",
        {21026: "Y", 21007: "Y", 21008: "Y"},
        [("A", "A", "5.00", "5.00", ""), ("4", "4", "5.00", "0.00", "IMMEDIATE_OR_CANCELLED")],
    ),
    "IOC, partly": ("38=15|44=0.5|59=3", {21011: "Y"}, [("F", "1", "15.00", "5.00", "")]),
    "IOC, partly, reported": (
        "38=15|44=0.5|59=3",
        {21011: "Y", 21007: "Y"},
        [("F", "1", "15.00", "5.00", ""), ("4", "4", "10.00", "0.00", "IMMEDIATE_OR_CANCELLED")],
    ),
    "IOC, partly, reported with its quantity": (
        "38=15|44=0.5|59=3",
        {21011: "Y", 21007: "Y", 21008: "Y"},
        [("F", "1", "15.00", "5.00", ""), ("4", "4", "15.00", "0.00", "IMMEDIATE_OR_CANCELLED")],
    ),
    "FOK": ("38=15|44=0.5|59=4", {21011: "Y"}, [("4", "4", "0.00", "0.00", "FOK_INSUFFICIENT_VOLUME")]),
    "post-only": ("38=5|44=0.5|59=1|18=6", {21011: "Y"}, [("4", "4", "0.00", "0.00", "POST_ONLY_CROSS")]),
    "reduce-only": ("38=5|44=0.5|59=3|18=E", {21011: "Y"}, [("4", "4", "0.00", "0.00", "REDUCE_ONLY")]),
    "refused": ("38=5|44=0.401|59=1", {21011: "Y"}, [("8", "8", "0.00", "0.00", "INVALID_PRICE")]),
    "refused, with its quantity": (
        "38=5|44=0.401|59=1",
        {21011: "Y", 21008: "Y"},
        [("8", "8", "5.00", "0.00", "INVALID_PRICE")],
    ),
}


@pytest.mark.parametrize(("order", "flags", "told"), CASES.values(), ids=CASES)
def test_course_of_an_order(
    tmp_path: Path, order: str, flags: dict[int, str], told: list[tuple[str, str, str, str, str]]
) -> None:
    async def main(venue: FixVenue) -> None:
        await offer(venue, 10, "0.5")
        ann = await venue.log_on(venue.add_key(), flags={**DOLLARS, **flags})
        ann.send("D", f"11=a1|40=2|54=1|55={RAIN}|{order}")
        assert await course(ann, len(told)) == told

    play(tmp_path, main)


@pytest.mark.parametrize(("flags", "pair"), [({}, ("4", "4")), ({21012: "Y"}, ("C", "C"))])
@pytest.mark.parametrize("end", ["expiry", "close"])
def test_expiry_and_close_are_cancels_unless_21012(
    tmp_path: Path, flags: dict[int, str], pair: tuple[str, str], end: str
) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key(), flags={**PLAIN, **flags})
        expires = "59=6|126=20261123-14:30:10.000" if end == "expiry" else "59=1"
        ann.send("D", f"11=a1|40=2|38=5|44=0.4|54=1|55={RAIN}|{expires}")
        new = await ann.next()
        assert new.get(126) == ("20261123-14:30:10.000" if end == "expiry" else None)
        if end == "close":
            venue.place.lifecycle.move_close(RAIN, venue.now_ns + SECOND_NS, venue.now_ns)
        venue.advance(5 * SECOND_NS)
        ended = await ann.next()
        assert (ended[150], ended[39], ended[151]) == (*pair, "0.00")

    play(tmp_path, main)


def test_whole_cents_without_21005(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        bob = await offer(venue, 10, "0.4150")
        ann = await venue.log_on(venue.add_key(), flags={21011: "Y"})
        ann.send("D", f"11=a1|40=2|38=4|44=42|54=1|55={RAIN}|59=3")
        trade = await ann.next()
        assert (trade[44], trade[31], trade[6]) == ("42", "41.5", "41.5")
        assert (trade[137], trade[1704]) == ("0.0680", "-1.7280")  # dollars all the same
        assert (await bob.next())[31] == "0.4150"
        ann.send("D", f"11=a2|40=2|38=4|44=0.42|54=1|55={RAIN}|59=3")
        assert (await ann.next())[58] == "INVALID_PRICE"

    play(tmp_path, main)


def test_collateral_freed_is_told_with_21027_alone(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        record = venue.place.listing.event("KXDEMORAIN")
        assert record is not None
        record.netting = "MECNET"
        venue.place.ledger.set_netting("ann", True)
        for symbol, flags, freed in ((RAIN, PLAIN, None), (SNOW, {**PLAIN, 21027: "Y"}, "1.0000")):
            bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
            bob.send("D", f"11=b{symbol}|40=2|38=1|44=0.4|54=1|55={symbol}|59=1")
            await bob.next()
            ann = await venue.log_on(venue.add_key("ann"), flags=flags)
            ann.send("D", f"11=a{symbol}|40=2|38=1|44=0.4|54=2|55={symbol}|59=3")
            assert (await ann.next()).get(21030) == freed
        venue.place.ledger.set_netting("eve", True)
        eve = await venue.log_on(venue.add_key("eve"), flags=PLAIN)
        for symbol in (RAIN, SNOW):
            bob.send("D", f"11=c{symbol}|40=2|38=1|44=0.4|54=1|55={symbol}|59=1")
            await bob.next()
            eve.send("D", f"11=e{symbol}|40=2|38=1|44=0.4|54=2|55={symbol}|59=3")
            told = await eve.next()
        assert told[1704] == "0.3832" and 21030 not in told  # freed all the same

    play(tmp_path, main)


@pytest.mark.parametrize(
    ("comp_id", "flags", "is_told"),
    [
        ("KalshiNR", {}, False),
        ("KalshiNR", {20127: "Y"}, True),
        ("KalshiRT", {}, False),
        ("KalshiRT", {20127: "Y"}, True),
        ("KalshiPT", {}, True),
        ("KalshiPT", {20127: "N"}, False),
    ],
)
def test_settlements_go_where_20127_says(tmp_path: Path, comp_id: str, flags: dict[int, str], is_told: bool) -> None:
    async def main(venue: FixVenue) -> None:
        await offer(venue, 10, "0.5")
        trader = await venue.log_on(venue.add_key(), flags=PLAIN)
        post = await venue.log_on(venue.add_key(), comp_id, flags=flags)
        trader.send("D", f"11=a1|40=2|38=4|44=0.5|54=1|55={RAIN}|59=3")
        await trader.next()
        venue.publish(venue.place.lifecycle.determine(RAIN, "scalar", 3060, venue.now_ns))
        if is_told:
            told = await post.next()
            assert (told[35], told[730], told[1704]) == ("UMS", "30.60", "1.2240")
        assert await post.silent()

    play(tmp_path, main)


def test_listener_hears_everything_of_its_member_and_sends_nothing(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        await offer(venue, 10, "0.5")
        ear = await venue.log_on(venue.add_key(), "KalshiRT", flags={**PLAIN, 20126: "Y"})
        stranger = await venue.log_on(venue.add_key("eve"), flags={**PLAIN, 20126: "Y"})
        ann = await venue.log_on(venue.add_key(), flags={**DOLLARS, 21026: "Y"})
        ann.send("D", f"11=a1|40=2|38=4|44=0.5|54=1|55={RAIN}|59=1|79=3")
        assert [one[150] for one in await ann.all(2)] == ["A", "8"]  # subaccount 3 has no money
        ann.send("D", f"11=a2|40=2|38=4|44=0.5|54=1|55={RAIN}|59=1")
        assert [one[150] for one in await ann.all(3)] == ["A", "0", "F"]
        heard = await ear.all(2)
        assert [(one[150], one[11], one.get(79)) for one in heard] == [("8", "a1", "3"), ("F", "a2", None)]
        assert await stranger.silent()
        for msg_type, text in (
            ("D", f"11=x|40=2|38=4|44=0.5|54=1|55={RAIN}"),
            ("F", f"11=x|41=a2|54=1|55={RAIN}"),
            ("G", f"11=x|41=a2|38=4|40=2|54=1|55={RAIN}"),
            ("UOG", "20131=1|20132=5"),
        ):
            number = ear.send(msg_type, text)
            refused = await ear.next()
            assert (refused[35], refused[380], refused[45], refused[372]) == ("j", "6", str(number), msg_type)

    play(tmp_path, main)


@pytest.mark.parametrize(("flags", "is_canceled"), [({}, False), ({8013: "Y"}, True)])
@pytest.mark.parametrize("end", ["cut", "logout"])
def test_8013_cancels_on_every_shard_however_the_session_ends(
    tmp_path: Path, flags: dict[int, str], is_canceled: bool, end: str
) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        ear = await venue.log_on(venue.add_key(), flags={**PLAIN, 20126: "Y"})
        other = await venue.log_on(venue.add_key(), flags=PLAIN)
        other.send("D", f"11=o1|40=2|38=4|44=0.3|54=1|55={RAIN}|59=1")
        ann = await venue.log_on(key, flags={**PLAIN, **flags})
        for number, symbol in enumerate((RAIN, COMBO)):
            ann.send("D", f"11=a{number}|40=2|38=4|44=0.4|54=1|55={symbol}|59=1")
        heard = await ear.all(3)
        assert [one[30] for one in heard] == ["0", "0", "1"] and heard[2][17].endswith(";1")
        if end == "logout":
            ann.send("5")
        else:
            ann.close()
        if is_canceled:
            assert [(one[11], one[39]) for one in await ear.all(2)] == [("a0", "4"), ("a1", "4")]
        else:
            assert await ear.silent()
        assert len(venue.place.exchange.orders.open_orders("ann")) == (1 if is_canceled else 3)

    play(tmp_path, main)
