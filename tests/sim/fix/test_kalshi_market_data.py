"""Market data of the simulated Kalshi: who hears what, and what is said of one's own orders."""

import random
from pathlib import Path

import pytest

from engine import fix
from engine.exchange.events import Cancel, NewOrder, PublicTrade
from engine.sim.fix.kalshi import market_data
from tests.support.sim.kalshi_fix import COMBO, RAIN, SNOW, FixVenue, FixWire, play

PLAIN = {21005: "Y", 21011: "Y"}


async def order(wire: FixWire, cl_ord_id: str, side: int, price: str, qty: str, more: str = "") -> None:
    wire.send("D", f"11={cl_ord_id}|38={qty}|40=2|44={price}|54={side}|55={RAIN}|59=1{more}")
    assert (await wire.next())[35] == "8"


def entries(wire: FixWire) -> list[dict[int, str]]:
    """Return the entries of the last X."""
    found: list[dict[int, str]] = []
    for tag, value in wire.entries:
        if tag == 279:
            found.append({})
        if found and tag != 10:
            found[-1][tag] = value
    return found


def test_own_orders_are_named_to_their_member_alone(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        own = await venue.log_on(venue.add_key("ann"), "KalshiMD")
        other = await venue.log_on(venue.add_key("eve"), "KalshiMD")
        for data in (own, other):
            data.send("V", f"146=2|55={RAIN}|55={SNOW}|263=1")
            assert [one[55] for one in await data.all(2)] == [RAIN, SNOW]
        ann = await venue.log_on(venue.add_key("ann"), flags=PLAIN)
        for account in ("ann/7",):
            venue.place.ledger.deposit(account, 0, 10**9, venue.now_ns)
        await order(ann, "a1", 1, "0.4", "5", "|79=7")
        for data, named in ((own, ("a1", "7")), (other, (None, None))):
            await data.next()
            (entry,) = entries(data)
            assert (entry[279], entry[269], entry[271]) == ("0", "0", "5.00")
            assert (entry.get(11), entry.get(79)) == named
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        await order(bob, "b1", 2, "0.4", "2")
        await own.next()
        level, trade = entries(own)
        assert (level[279], level[271], level[11]) == ("1", "3.00", "a1")  # it was ann's order that shrank
        assert (trade[269], trade[2446], trade.get(11), trade.get(828)) == ("2", "2", None, None)

    play(tmp_path, main)


def test_aggressor_of_a_buy_is_1_and_several_levels_come_in_one_message(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        await order(bob, "b1", 2, "0.41", "2")
        await order(bob, "b2", 2, "0.42", "2")
        data.send("V", f"146=1|55={RAIN}|263=1")
        await data.next()
        ann = await venue.log_on(venue.add_key("ann"), flags=PLAIN)
        await order(ann, "a1", 1, "0.42", "5")
        told = await data.next()
        got = [(one[279], one[269], one[270], one[271], one.get(2446)) for one in entries(data)]
        assert told[268] == "5" and got == [
            ("2", "1", "0.4100", "0.00", None),
            ("0", "2", "0.4100", "2.00", "1"),
            ("2", "1", "0.4200", "0.00", None),
            ("0", "2", "0.4200", "2.00", "1"),
            ("0", "0", "0.4200", "1.00", None),
        ]

    play(tmp_path, main)


def test_unsubscribe_by_name_and_altogether(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        for text in (f"146=1|55={RAIN}|263=2", "263=2"):
            data.send("V", f"146=2|55={RAIN}|55={COMBO}|263=1")
            await data.all(2)
            data.send("V", text)
            assert await data.silent()
            await order(bob, f"b{text}"[:5] + str(len(text)), 2, "0.41", "2")
            assert await data.silent()

    play(tmp_path, main)


def test_snapshot_alone_and_a_new_logon_have_no_updates(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key("dan")
        data = await venue.log_on(key, "KalshiMD")
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        data.send("V", f"146=1|55={RAIN}|263=0")
        await data.next()
        await order(bob, "b1", 2, "0.41", "2")
        assert await data.silent()
        data.send("V", f"146=1|55={RAIN}|263=1")
        await data.next()
        await venue.gone(data)
        again = await venue.log_on(key, "KalshiMD")
        await order(bob, "b2", 2, "0.42", "2")
        assert await again.silent()

    play(tmp_path, main)


def test_a_subscription_names_its_symbols(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        for kind in ("0", "1"):
            data.send("V", f"263={kind}")
            told = await data.next()
            assert (told[35], told[371], told[373]) == ("3", "146", "1")

    play(tmp_path, main)


def test_symbols_are_bounded(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        data.send("V", f"146=2|55={RAIN}|55={SNOW}|263=1")
        await data.all(2)
        data.send("V", f"146=1|55={COMBO}|263=1")
        told = await data.next()
        assert (told[35], told[281]) == ("Y", "2")

    most = market_data.MOST_SUBSCRIPTIONS
    market_data.MOST_SUBSCRIPTIONS = 2
    try:
        play(tmp_path, main)
    finally:
        market_data.MOST_SUBSCRIPTIONS = most


def test_status_follows_the_market_to_its_settlement(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        data.send("e", f"55={RAIN}|263=1")
        data.send("e", f"55={SNOW}|263=1")
        data.send("e", f"55={SNOW}|263=2")
        assert await data.silent()
        life = venue.place.lifecycle
        for events in (
            life.pause(RAIN, venue.now_ns),
            life.resume(RAIN, venue.now_ns),
            life.pause(SNOW, venue.now_ns),
            life.determine(RAIN, "no", 0, venue.now_ns),
        ):
            venue.publish(events)
        venue.advance()
        assert [(one[55], one[326]) for one in await data.all(4)] == [
            (RAIN, "2"),
            (RAIN, "3"),
            (RAIN, "100"),
            (RAIN, "101"),
        ]

    play(tmp_path, main)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_book_built_from_what_is_sent_is_the_exchanges(tmp_path: Path, seed: int) -> None:
    async def main(venue: FixVenue) -> None:
        chance = random.Random(seed)
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        for member in ("ann", "bob"):
            venue.add_key(member)
        _trade_at_random(venue, chance, 0)
        data.send("V", f"146=1|55={RAIN}|263=1")
        book = {(entry[269], entry[270]): entry[271] for entry in _levels(data, await data.next())}
        traded = 0
        for batch in range(1, 40):
            traded += _trade_at_random(venue, chance, batch)
        data.send("1", "112=end")
        while (await data.next())[35] == "X":
            for entry in entries(data):
                key = entry[269], entry[270]
                if entry[269] == "2":
                    traded -= round(float(entry[271]) * 100)
                elif entry[279] == "2":
                    del book[key]
                else:
                    assert (entry[279] == "0") == (key not in book)
                    book[key] = entry[271]
        assert traded == 0
        depth = venue.place.exchange.markets[RAIN]
        assert book == {
            (kind, f"{price / 10_000:.4f}"): f"{size / 100:.2f}"
            for kind, side in (("0", depth.bids), ("1", depth.asks))
            for price, size in side.levels()
        }

    play(tmp_path, main)


def _levels(wire: FixWire, told: dict[int, str]) -> list[dict[int, str]]:
    """Return the entries of a W."""
    assert told[35] == "W"
    found: list[dict[int, str]] = []
    for tag, value in wire.entries:
        if tag == 269:
            found.append({})
        if found:
            found[-1][tag] = value
    return found


def _trade_at_random(venue: FixVenue, chance: random.Random, batch: int) -> int:
    """Enter and cancel some orders; return how much has traded."""
    traded = 0
    for number in range(8):
        account, cl_ord_id = chance.choice(("ann", "bob")), f"{batch}-{number}"
        resting = venue.place.exchange.orders.open_orders(account)
        if resting and chance.random() < 0.3:
            order = chance.choice(resting)
            request: NewOrder | Cancel = Cancel(account=account, cl_ord_id=cl_ord_id, order_id=order.order_id)
        else:
            request = NewOrder(
                account=account,
                cl_ord_id=cl_ord_id,
                symbol=RAIN,
                side=chance.choice((fix.BUY, fix.SELL)),
                order_qty=chance.randrange(1, 500),
                price=chance.randrange(90, 110) * 50,
                time_in_force=chance.choice((fix.Tif.GTC, fix.Tif.GTC, fix.Tif.IOC)),
                stp=chance.choice((1, 2)),
            )
        events = venue.place.submit(request, venue.now_ns)
        traded += sum(event.qty for event in events if isinstance(event, PublicTrade))
        venue.publish(events)
    return traded
