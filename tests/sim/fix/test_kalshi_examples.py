"""The messages of the venue in the cases of its facts, field by field; only times, numbers and made ids differ."""

from pathlib import Path

from engine.exchange.listing.records import MarketResult
from tests.support.sim.kalshi_fix import RAIN, SECOND_NS, FixVenue, expect, play

KEY = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"


def test_life_of_an_order(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key("ann", KEY))
        bob = await venue.log_on(venue.add_key("bob"))
        common = f"54=1|55={RAIN}|60=*"
        ann.send("D", f"11=eng-0001|18=6|38=25.00|40=2|44=0.4150|54=1|55={RAIN}|59=1|100=0|2964=1|21006=Y")
        await expect(
            ann,
            f"35=8|6=0.0000|11=eng-0001|14=0.00|17=-1;-1|37=0|38=25.00|39=A|44=0.4150|{common}|150=A|151=25.00",
        )
        new = await expect(
            ann, f"35=8|6=0.0000|11=eng-0001|14=0.00|17=*|30=0|37=*|38=25.00|39=0|44=0.4150|{common}|150=0|151=25.00"
        )
        bob.send("D", f"11=b1|38=10|40=2|44=0.4150|54=2|55={RAIN}|59=3")
        trade = await expect(
            ann,
            f"35=8|6=0.4150|11=eng-0001|14=10.00|17=*|30=0|31=0.4150|32=10.00|37=*|38=25.00|39=1|44=0.4150|{common}"
            "|136=1|137=0.0000|138=USD|139=4|891=0|150=F|151=15.00|704=10.00|705=0.00|715=20261123|880=*|1057=N"
            "|1703=1|1704=-4.1500|1705=BALANCE",
        )
        assert trade[37] == new[37] and trade[60] == "20261123-14:30:05.000"
        ann.send("G", f"11=eng-0002|37={new[37]}|38=30.00|40=2|41=eng-0001|44=0.4200|54=1|55={RAIN}|100=0")
        body = f"6=0.4150|11=eng-0002|14=10.00|17=*|37=*|38=30.00|41=eng-0001|44=0.4200|{common}|151=20.00"
        pending = await expect(ann, f"35=8|{body}|39=E|150=E")
        assert (pending[17], pending[37]) == ("-1;-1", new[37])
        await expect(ann, f"35=8|{body}|30=0|39=1|59=1|150=5")
        ann.send("F", f"11=eng-0003|37={new[37]}|41=eng-0002|54=1|55={RAIN}|100=0")
        body = f"6=0.4150|11=eng-0003|14=10.00|17=*|37=*|38=30.00|41=eng-0002|44=0.4200|{common}"
        await expect(ann, f"35=8|{body}|39=6|150=6|151=20.00")
        await expect(ann, f"35=8|{body}|30=0|39=4|150=4|151=0.00")
        ann.send("F", f"11=eng-0007|37={new[37]}|41=eng-0002|54=1|55={RAIN}|100=0")
        await expect(ann, f"35=9|11=eng-0007|37={new[37]}|39=4|41=eng-0002|58=UNKNOWN_ORDER|102=1|434=1")

    play(tmp_path, main)


def test_other_outcomes(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        flags = {8013: "Y", 21005: "Y", 21007: "Y", 21008: "Y", 21011: "Y", 21012: "Y", 21026: "Y"}
        ann = await venue.log_on(venue.add_key("ann", KEY), flags=flags)
        bob = await venue.log_on(venue.add_key("bob"))
        common = f"54=1|55={RAIN}|60=*"
        ann.send("D", f"11=eng-0004|38=5000.00|40=2|44=0.9900|54=1|55={RAIN}|59=1")
        rejected = await expect(
            ann,
            f"35=8|6=0.0000|11=eng-0004|14=0.00|17=*|37=0|38=5000.00|39=8|44=0.9900|{common}|58=INSUFFICIENT_BALANCE"
            "|103=3|150=8|151=0.00",
        )
        clock, event = rejected[17].split(";")
        assert int(clock) > 0 and event == "1"
        ann.send("D", f"11=eng-0005|38=40.00|40=2|44=0.4000|54=1|55={RAIN}|59=3")
        await expect(
            ann,
            f"35=8|6=0.0000|11=eng-0005|14=0.00|17=*|30=0|37=*|38=40.00|39=4|44=0.4000|{common}"
            "|58=IMMEDIATE_OR_CANCELLED|150=4|151=0.00",
        )
        bob.send("D", f"11=b1|38=10|40=2|44=0.4150|54=2|55={RAIN}|59=1")
        await bob.all(2)
        ann.send("D", f"11=long|38=10|40=2|44=0.4150|54=1|55={RAIN}|59=3")
        await ann.all(2)  # New, then the fill: long 10
        bob.send("D", f"11=b2|38=12|40=2|44=0.4300|54=1|55={RAIN}|59=1")
        await bob.all(3)
        ann.send("D", f"11=eng-0006|38=12.00|40=2|44=0.4300|54=2|55={RAIN}|59=3")
        await ann.next()
        await expect(
            ann,
            f"35=8|6=0.4300|11=eng-0006|14=12.00|17=*|30=0|31=0.4300|32=12.00|37=*|38=12.00|39=2|44=0.4300|54=2"
            f"|55={RAIN}|60=*|136=1|137=0.2059|138=USD|139=4|891=0|150=F|151=0.00|704=0.00|705=2.00|715=20261123|880=*"
            "|1057=Y|1703=1|1704=2.9541|1705=BALANCE",
        )
        ann.send("D", f"11=rests|38=5|40=2|44=0.1000|54=1|55={RAIN}|59=1")
        order_id = (await ann.next())[37]
        ann.send("G", f"11=eng-0008|38=5|40=2|41=rests|44=0.1001|54=1|55={RAIN}")
        await expect(ann, f"35=9|11=eng-0008|37={order_id}|39=0|41=rests|58=INVALID_PRICE|102=99|434=2")
        ann.send("q", "11=mass-01|530=6")
        await expect(ann, "35=r|11=mass-01|37=*|531=6")
        assert (await ann.next())[39] == "4"

    play(tmp_path, main)


def test_session_and_business_rejects(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key("ann", KEY))
        number = ann.send("D", f"11=x|38=1|40=2|44=0.5|54=1|55={RAIN}|59=1|9999=1")
        await expect(ann, f"35=3|45={number}|58=Undefined tag received|371=9999|372=D|373=3")
        ann.send("q", "11=mass-01|530=6")
        await expect(ann, "35=r|11=mass-01|37=*|531=6")
        number = ann.send("q", "11=mass-02|530=6")
        await expect(ann, f"35=j|45={number}|58=rate limit exceeded|372=q|379=mass-02|380=8")
        venue.advance(SECOND_NS)
        ann.send("q", "11=mass-03|530=6")
        await expect(ann, "35=r|11=mass-03|37=*|531=6")

    play(tmp_path, main)


def test_order_groups(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key("ann", KEY), "KalshiRT", flags={21005: "Y", 21011: "Y"})
        ann.send("UOG", "20131=1|20132=500")
        group = (await expect(ann, "35=UOH|20130=*|20132=500|79=0"))[20130]
        ann.send("D", f"11=in|38=5|40=2|44=0.1|54=1|55={RAIN}|59=1|526={group}")
        await ann.next()
        ann.send("UOG", f"20130={group}|20131=4")
        canceled = await ann.next()
        assert (canceled[39], canceled[58]) == ("4", "ORDER_GROUP_CANCEL")
        await expect(ann, f"35=UOH|20130={group}|79=0")
        ann.send("UOG", f"20130={group}|20131=5|20132=7")
        await expect(ann, f"35=UOH|20130={group}|20132=7|79=0")
        number = ann.send("UOG", "20130=nowhere|20131=2")
        text = "ORDER_GROUP_NOT_FOUND"
        await expect(ann, f"35=j|45={number}|58={text}|372=UOG|379=nowhere|380=1")

    play(tmp_path, main)


def test_market_data(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key("ann"), flags={21005: "Y", 21011: "Y"})
        data = await venue.log_on(venue.add_key("dan", "a90b7d44-1c3e-4f62-8d15-6b2e70f9c8aa"), "KalshiMD")
        for cl_ord_id, qty, price, side in (("1", 120, 4150, 1), ("2", 300, 4100, 1), ("3", 85.5, 4300, 2)):
            ann.send("D", f"11={cl_ord_id}|38={qty}|40=2|44={price / 10_000}|54={side}|55={RAIN}|59=1")
            assert (await ann.next())[39] == "0"
        data.send("V", f"146=1|55={RAIN}|263=1")
        when = "272=20261123|273=14:30:05.000"
        await expect(
            data,
            f"35=W|55={RAIN}|268=3|269=0|270=0.4150|271=120.00|{when}|269=0|270=0.4100|271=300.00|{when}"
            f"|269=1|270=0.4300|271=85.50|{when}",
        )
        bob = await venue.log_on(venue.add_key("bob"))
        bob.send("D", f"11=b1|38=25|40=2|44=0.4150|54=2|55={RAIN}|59=3")
        level = f"279=1|55={RAIN}|269=0|270=0.4150|271=95.00|{when}"
        await expect(data, f"35=X|268=2|{level}|279=0|55={RAIN}|269=2|270=0.4150|271=25.00|{when}|1003=*|2446=2")
        ann.send("F", f"11=4|41=3|54=2|55={RAIN}")
        await expect(data, f"35=X|268=1|279=2|55={RAIN}|269=1|270=0.4300|271=0.00|{when}")
        data.send("V", f"146=1|55={RAIN}|263=7")
        await expect(data, "35=Y|281=4|58=unsupported SubscriptionRequestType")
        data.send("V", "146=1|55=NOWHERE|263=0")
        await expect(data, "35=W|55=NOWHERE|268=0")
        data.send("e", f"55={RAIN}|263=1")
        assert await data.silent()
        venue.publish(venue.place.lifecycle.pause(RAIN, venue.now_ns))
        await expect(data, f"35=f|55={RAIN}|326=2")

    play(tmp_path, main)


def test_drop_copy(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key("ann", "trader"), flags={21005: "Y", 21011: "Y"})
        copy = await venue.log_on(venue.add_key("ann", KEY), "KalshiDC")
        told = []
        for number in range(3):
            ann.send("D", f"11=o{number}|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1")
            told.append(await ann.next())
        number = copy.send("U1", f"21001={told[0][17]}|21002={told[1][17]}")
        assert [message[17] for message in await copy.all(2)] == [told[0][17], told[1][17]]
        await expect(copy, f"35=U2|45={number}|21003=2")
        number = copy.send("U1", "21001=1;1")
        await expect(copy, f"35=U3|45={number}|21004=3")

    play(tmp_path, main)


def test_settlement(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        trader = await venue.log_on(venue.add_key("ann", "trader"), flags={21005: "Y", 21011: "Y"})
        post = await venue.log_on(venue.add_key("ann", KEY), "KalshiPT")
        bob = await venue.log_on(venue.add_key("bob"))
        bob.send("D", f"11=b1|38=18|40=2|44=0.4|54=2|55={RAIN}|59=1")
        await bob.all(2)
        trader.send("D", f"11=o1|38=18|40=2|44=0.4|54=1|55={RAIN}|59=3")
        assert (await trader.next())[704] == "18.00"
        life = venue.place.lifecycle
        life.move_close(RAIN, venue.now_ns, venue.now_ns)
        venue.advance(SECOND_NS)
        venue.publish(life.determine(RAIN, MarketResult.YES, 10_000, venue.now_ns))
        await expect(
            post,
            f"35=UMS|20105=*|55={RAIN}|715=20261123|20107=yes|730=100.00|20108=1|20109=ann|20110=24|704=18.00|705=0.00"
            "|1703=1|1704=18.0000|1705=PAYOUT|136=1|137=0.0000|138=USD|139=4|891=0|893=Y",
        )

    play(tmp_path, main)
