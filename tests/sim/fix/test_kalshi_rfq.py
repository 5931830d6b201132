"""Requests for quotes between a creator and makers, in the venue's messages, and what comes of them in time."""

from pathlib import Path

import pytest

from engine.sim.fix.kalshi.admission import MemberRules
from tests.support.sim.kalshi_fix import RAIN, SECOND_NS, FixVenue, FixWire, expect, play

SYMBOL = f"55={RAIN}"


async def parties(venue: FixVenue) -> tuple[FixWire, FixWire]:
    """Return ann, who asks in dollars, and mia, who quotes in whole cents."""
    ann = await venue.log_on(venue.add_key("ann"), "KalshiRT", flags={21005: "Y", 21011: "Y", 21026: "Y"})
    mia = await venue.log_on(venue.add_key("mia"), "KalshiRFQ", flags={})
    return ann, mia


async def ask(ann: FixWire, mia: FixWire, what: str = "38=200") -> str:
    """Let ann ask; return the venue's id of the request."""
    ann.send("R", f"131=mine|146=1|{SYMBOL}|{what}|21015=N")
    rfq = (await expect(ann, "35=b|100=0|131=mine|303=1|21023=*"))[21023]
    asked = await mia.next()
    assert (asked[35], asked[131], asked[55]) == ("R", rfq, RAIN)
    return rfq


async def quote(ann: FixWire, mia: FixWire, rfq: str, quote_id: str = "q1") -> None:
    """Let mia quote 41 and 57, and both hear of it."""
    mia.send("S", f"{SYMBOL}|117={quote_id}|131={rfq}|132=41|133=57")
    await expect(mia, f"35=AI|117={quote_id}|131={rfq}|297=10|38=200.00|132=41|133=57")
    await expect(ann, f"35=S|{SYMBOL}|60=*|117={quote_id}|131={rfq}|132=0.4100|133=0.5700|38=200.00|453=1|448=*|452=35")


def test_quote_is_accepted_confirmed_and_trades_beside_the_book(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        data = await venue.log_on(venue.add_key("dan"), "KalshiMD")
        data.send("V", f"146=1|{SYMBOL}|263=1")
        await data.next()
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        ann.send("UA", f"11=rfq-acc-1|38=200|54=1|117=q1|21023={rfq}")
        await expect(ann, "35=UC|11=rfq-acc-1|117=q1|21024=q1|21025=0")
        await expect(mia, f"35=AI|117=q1|131={rfq}|297=0|38=200.00|54=2")
        mia.send("U7", f"117=q1|21023={rfq}")
        await expect(mia, "35=U8|117=q1|21010=0")
        new, trade = await ann.all(2)
        assert (new[150], trade[150], trade[11]) == ("0", "F", "rfq-acc-1")
        assert (trade[31], trade[32], trade[1057], trade[704]) == ("0.4300", "200.00", "Y", "200.00")
        assert venue.place.ledger.positions("mia")[0].net == -20_000
        told = await data.next()
        assert (told[268], told[269], told[828], told[2446]) == ("1", "2", "1", "1")
        mia.send("U7", f"117=q1|21023={rfq}")
        await expect(mia, "35=U8|117=q1|21010=1|58=quote not found")

    play(tmp_path, main)


def test_the_yes_quote_is_taken_by_a_sale(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        ann.send("UA", f"11=a|38=150|54=2|117=q1|21023={rfq}")
        assert (await ann.next())[21025] == "0"
        accepted = await mia.next()
        assert (accepted[54], accepted[38]) == ("1", "150.00")
        mia.send("U7", f"117=q1|21023={rfq}")
        assert (await mia.next())[21010] == "0"
        trade = (await ann.all(2))[1]
        assert (trade[31], trade[54], trade[705]) == ("0.4100", "2", "150.00")

    play(tmp_path, main)


def test_what_is_not_confirmed_in_30_seconds_ends(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        ann.send("UA", f"11=a|54=1|117=q1|21023={rfq}")
        assert (await ann.next())[21025] == "0"
        await mia.next()
        venue.advance(29 * SECOND_NS)
        assert await mia.silent()
        venue.advance(SECOND_NS)
        await expect(mia, f"35=AI|117=q1|131={rfq}|297=17|58=EXPIRED")
        await expect(ann, "35=UC|11=a|117=q1|21024=q1|21025=1|58=EXPIRED")
        mia.send("U7", f"117=q1|21023={rfq}")
        assert (await mia.next())[21010] == "1"

    play(tmp_path, main)


def test_quotes_are_replaced_and_cancelled(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        mia.send("S", f"117=q2|131={rfq}|132=0|133=57")
        await expect(mia, f"35=AI|117=q1|131={rfq}|297=17")
        await expect(mia, f"35=AI|117=q2|131={rfq}|297=10|38=200.00|133=57")
        assert 132 not in await ann.next()
        ann.send("UA", f"11=a|54=2|117=q2|21023={rfq}")
        await expect(ann, "35=UC|11=a|117=q2|21024=q2|21025=1|58=no such quote")
        mia.send("Z", f"117=q2|21023={rfq}")
        await expect(mia, "35=U9|117=q2|298=0")
        mia.send("Z", f"117=q2|21023={rfq}")
        await expect(mia, "35=U9|117=q2|298=1|58=quote not found")
        ann.send("UA", f"11=b|54=1|117=q2|21023={rfq}")
        await expect(ann, "35=UC|11=b|117=q2|21025=1|58=EXPIRED")

    play(tmp_path, main)


@pytest.mark.parametrize("how", ["131=mine", "21023=RFQ"])
def test_a_request_is_cancelled_by_either_id(tmp_path: Path, how: str) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        ann.send("UE", how.replace("RFQ", rfq))
        await expect(ann, f"35=UB|131=mine|21013=0|21023={rfq}")
        await expect(mia, f"35=AI|117=q1|131={rfq}|297=17")
        ann.send("UE", "131=mine")
        await expect(ann, "35=UB|131=mine|21013=1|58=RFQ not found")
        mia.send("S", f"117=q2|131={rfq}|132=41|133=57")
        await expect(mia, f"35=AI|117=q2|131={rfq}|297=5|58=RFQ not found")

    play(tmp_path, main)


def test_requests_are_refused_in_words(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        for body, reason, text in (
            (f"131=two|146=1|{SYMBOL}|38=5", "99", "RFQ already exists"),
            ("131=three|146=1|55=NOWHERE|38=5", "1", "MARKET_NOT_FOUND"),
            (f"131=four|146=1|{SYMBOL}", "3", "either OrderQty(38) or CashOrderQty(152), above 0"),
            ("131=five|20180=C|38=5", "99", "combinations are not offered"),
        ):
            ann.send("R", body)
            await expect(ann, f"35=AG|131={body[4:].partition('|')[0]}|58={text}|658={reason}")
        ann.send("R", f"131=two|146=1|{SYMBOL}|152=10.50|21016=Y")
        await expect(ann, f"35=UB|131=mine|21013=0|21023={rfq}")
        again = (await expect(ann, "35=b|100=0|131=two|303=1|21023=*"))[21023]
        assert (await mia.next())[152] == "10.5000"
        mia.send("S", f"117=q|131={again}|132=50|133=0")
        await expect(mia, f"35=AI|117=q|131={again}|297=10|132=50|134=21.00")
        for prices in ("132=0|133=0", "132=60|133=50", "132=41.5|133=57"):
            mia.send("S", f"117=q9|131={again}|{prices}")
            told = await mia.next()
            assert (told[297], told[58]) == ("5", "INVALID_PRICE")

    play(tmp_path, main)


def test_request_ends_with_its_market(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        venue.publish(venue.place.lifecycle.determine(RAIN, "yes", 10_000, venue.now_ns))
        venue.advance(SECOND_NS)
        await expect(ann, f"35=UB|131=mine|21013=2|21023={rfq}")

    play(tmp_path, main)


def test_a_quote_is_accepted_by_an_order_and_an_order_for_none_is_rejected(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        order = f"38=200|40=2|44=0.43|54=1|{SYMBOL}|59=3|21023={rfq}"
        ann.send("D", f"11=o1|{order}|117=q0")
        rejected = await ann.next()
        assert (rejected[150], rejected[103], rejected[58]) == ("8", "8", "EXPIRED")
        ann.send("D", f"11=o2|{order}|117=q1")
        assert (await mia.next())[297] == "0"
        venue.advance(30 * SECOND_NS)
        rejected = await ann.next()
        assert (rejected[11], rejected[103]) == ("o2", "8") and (await mia.next())[297] == "17"
        await quote(ann, mia, rfq, "q3")
        ann.send("D", f"11=o3|{order}|117=q3")
        assert (await mia.next())[297] == "0"
        mia.send("U7", f"117=q3|21023={rfq}")
        assert (await mia.next())[21010] == "0"
        assert [(one[150], one[11]) for one in await ann.all(2)] == [("0", "o3"), ("F", "o3")]

    play(tmp_path, main)


def test_two_makers_quote_one_request_and_neither_under_the_others_id(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        moe = await venue.log_on(venue.add_key("moe"), "KalshiRFQ", flags={21005: "Y"})
        rfq = await ask(ann, mia)
        assert (await moe.next())[131] == rfq
        await quote(ann, mia, rfq)
        moe.send("S", f"117=q1|131={rfq}|132=0.42|133=0.5")
        await expect(moe, f"35=AI|117=q1|131={rfq}|297=5|58=QuoteID(117) is in use")
        moe.send("S", f"117=q2|131={rfq}|132=0.42|133=0.5")
        await expect(moe, f"35=AI|117=q2|131={rfq}|297=10|38=200.00|132=0.4200|133=0.5000")
        assert (await ann.next())[117] == "q2"
        ann.send("UA", f"11=a|54=2|117=q2|21023={rfq}")
        assert (await ann.next())[21025] == "0"
        assert (await moe.next())[54] == "1"
        moe.send("U7", f"117=q2|21023={rfq}")
        assert (await moe.next())[21010] == "0"
        await expect(mia, f"35=AI|117=q1|131={rfq}|297=17")
        assert [one[31] for one in (await ann.all(2))[1:]] == ["0.4200"]

    play(tmp_path, main)


def test_messages_spend_the_writes_of_shard_1(tmp_path: Path) -> None:
    spent: list[tuple[str, int, int]] = []

    def spend(member: str, tokens: int, shard: int) -> bool:
        spent.append((member, tokens, shard))
        return len(spent) < 6

    async def main(venue: FixVenue) -> None:
        ann, mia = await parties(venue)
        rfq = await ask(ann, mia)
        await quote(ann, mia, rfq)
        mia.send("Z", "117=q1")
        assert (await mia.next())[298] == "0"
        number = ann.send("UE", f"21023={rfq}")
        await expect(ann, f"35=j|45={number}|58=rate limit exceeded|372=UE|380=8")
        assert spent[2:] == [("ann", 10, 1), ("mia", 10, 1), ("mia", 2, 1), ("ann", 2, 1)]

    play(tmp_path, main, rules=MemberRules(spend=spend))
