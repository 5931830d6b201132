"""Sequence numbers by kind of session, what each kind takes, rates, and faults on request."""

from pathlib import Path

import pytest

from engine.exchange.faults import FaultKind, InjectedFault
from engine.sim.fix.kalshi.admission import MemberRules
from tests.support.sim.kalshi_fix import COMBO, RAIN, SECOND_NS, FixVenue, FixWire, play

PLAIN = {21005: "Y", 21011: "Y"}
HOUR_NS = 3600 * SECOND_NS
ORDER = f"40=2|38=1|44=0.4|54=1|55={RAIN}|59=1"


@pytest.mark.parametrize("comp_id", ["KalshiNR", "KalshiDC", "KalshiRFQ", "KalshiMD"])
def test_a_gap_ends_a_session_without_retransmission(tmp_path: Path, comp_id: str) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), comp_id)
        wire.out += 1
        wire.send("1", "112=x")
        told = await wire.next()
        assert (told[35], told[58]) == ("5", "MsgSeqNum too high, expecting 2 but received 3")

    play(tmp_path, main)


@pytest.mark.parametrize("comp_id", ["KalshiNR", "KalshiDC", "KalshiRFQ", "KalshiMD"])
@pytest.mark.parametrize(("msg_type", "text"), [("2", "7=1|16=0"), ("4", "123=Y|36=9"), ("4", "36=9")])
def test_recovery_messages_do_not_exist_there(tmp_path: Path, comp_id: str, msg_type: str, text: str) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), comp_id)
        number = wire.send(msg_type, text)
        told = await wire.next()
        assert (told[35], told[45], told[372], told[373]) == ("3", str(number), msg_type, "11")
        assert await wire.silent()  # and the session goes on

    play(tmp_path, main)


@pytest.mark.parametrize("comp_id", ["KalshiNR", "KalshiRT"])
def test_a_number_that_was_used_ends_any_session(tmp_path: Path, comp_id: str) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), comp_id)
        wire.out = 1
        wire.send("1", "112=x")
        told = await wire.next()
        assert (told[35], told[58]) == ("5", "MsgSeqNum too low, expecting 2 but received 1")

    play(tmp_path, main)


def test_retransmission_fills_what_was_missed_while_away(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        ann = await venue.log_on(key, "KalshiRT", flags=PLAIN)
        ann.send("D", f"11=a1|{ORDER}")
        assert (await ann.next())[34] == "2"
        await venue.gone(ann)
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        bob.send("D", f"11=b1|40=2|38=1|44=0.4|54=2|55={RAIN}|59=3")
        assert (await bob.next())[39] == "2"
        again = await venue.connect(key, "KalshiRT")
        again.log_on(flags=PLAIN, fields={141: ""}, seq=3)
        assert (await again.next())[34] == "4"  # number 3 was the fill
        again.send("2", "7=3|16=3")
        fill = await again.next()
        assert (fill[34], fill[43], fill[150], fill[122][:16]) == ("3", "Y", "F", "20261123-14:30:0")
        again.send("2", "7=1|16=0")
        skipped = await again.next()
        assert (skipped[35], skipped[34], skipped[123], skipped[36]) == ("4", "1", "Y", "2")
        assert [one[150] for one in await again.all(2)] == ["0", "F"]

    play(tmp_path, main)


@pytest.mark.parametrize(("hours", "is_sent"), [(23, True), (25, False)])
def test_retention_bounds_what_is_sent_again(tmp_path: Path, hours: int, is_sent: bool) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        ann = await venue.log_on(key, "KalshiRT", flags=PLAIN)
        ann.send("D", f"11=a1|{ORDER}")
        await ann.next()
        await venue.gone(ann)
        venue.now_ns += hours * HOUR_NS
        again = await venue.connect(key, "KalshiRT")
        again.log_on(flags=PLAIN, fields={141: ""}, seq=3)
        assert (await again.next())[35] == "A"
        again.send("2", "7=2|16=2")
        told = await again.next()
        assert (told[35], told.get(371)) == (("8", None) if is_sent else ("3", "7"))

    play(tmp_path, main)


def test_without_retransmission_what_was_missed_is_lost(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        ann = await venue.log_on(key, flags=PLAIN)
        ann.send("D", f"11=a1|{ORDER}")
        await ann.next()
        await venue.gone(ann)
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        bob.send("D", f"11=b1|40=2|38=1|44=0.4|54=2|55={RAIN}|59=3")
        assert (await bob.next())[39] == "2"
        again = await venue.log_on(key, flags=PLAIN)
        assert again.logon[34] == "1" and await again.silent()
        assert venue.fix.ports.clients["KalshiNR", key].lost == 1

    play(tmp_path, main)


TAKEN = {
    "KalshiNR": {"D", "F", "G", "q", "UOG", "U1"},
    "KalshiRT": {"D", "F", "G", "UOG", "R", "UA", "UE"},
    "KalshiDC": {"U1"},
    "KalshiPT": set[str](),
    "KalshiRFQ": {"S", "Z", "U7"},
    "KalshiMD": {"V", "e"},
}


@pytest.mark.parametrize("comp_id", TAKEN)
def test_each_session_takes_its_own_messages(tmp_path: Path, comp_id: str) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), comp_id)
        for msg_type in sorted(set().union(*TAKEN.values())):
            wire.send(msg_type, "9999=1")
            told = await wire.next()
            if msg_type in TAKEN[comp_id]:
                assert (told[35], told[373], told[371]) == ("3", "3", "9999"), msg_type
            else:
                assert (told[35], told[380], told[372]) == ("j", "3", msg_type)
        for msg_type in ("H", "E", "AF", "x", "ZZ"):
            wire.send(msg_type, "11=1")
            told = await wire.next()
            assert (told[35], told[372]) == ("3", msg_type) and told[373] == "11"

    play(tmp_path, main)


REJECTS = [
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|530=6", 530, 2),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|9999=6", 9999, 3),
    ("D", f"11=x|38=1|40=2|54=1|55={RAIN}|59=1", 44, 1),
    ("D", f"38=1|40=2|44=0.4|54=1|55={RAIN}|59=1", 11, 1),
    ("D", f"11=x|38=1|40=1|44=0.4|54=1|55={RAIN}|59=1", 40, 5),
    ("D", f"11=x|38=one|40=2|44=0.4|54=1|55={RAIN}|59=1", 38, 6),
    ("D", f"11=x|38=1|40=2|44=1e-1|54=1|55={RAIN}|59=1", 44, 6),
    ("D", f"11=x|38=1|40=2|44=0.4|54=5|55={RAIN}|59=1", 54, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=2", 59, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=6|126=tomorrow", 126, 6),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|18=5", 18, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|79=64", 79, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|100=-2", 100, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|100=x", 100, 6),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|2964=3", 2964, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|21006=1", 21006, 5),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=1|21009=x", 21009, 6),
    ("F", f"11=x|54=1|55={RAIN}", 41, 1),
    ("F", "11=x|41=y|54=1", 55, 1),
    ("G", f"11=x|41=y|40=2|54=1|55={RAIN}", 38, 1),
    ("q", "11=x|530=7", 530, 5),
    ("q", "530=6", 11, 1),
    ("UOG", "20131=6", 20131, 5),
    ("UOG", "20131=1", 20132, 1),
    ("UOG", "20131=1|20132=0", 20132, 5),
    ("UOG", "20131=1|20132=5|20130=g", 20130, 2),
    ("UOG", "20131=2", 20130, 1),
    ("U1", "21001=nonsense", 21001, 6),
]


def test_wrong_fields_are_rejected_by_name(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        for msg_type, text, tag, reason in REJECTS:
            number = wire.send(msg_type, text)
            told = await wire.next()
            got = [told.get(one) for one in (35, 45, 371, 372, 373)]
            assert got == ["3", str(number), str(tag), msg_type, str(reason)], text
        assert not len(venue.place.exchange.orders)

    play(tmp_path, main)


BUSINESS = [
    ("D", f"11=x|{ORDER}|453=1|448=a_b|452=24", 6),
    ("D", f"11=x|38=1|40=2|44=0.4|54=1|55={RAIN}|59=6", 5),
]


def test_what_does_not_reach_the_exchange_is_a_business_reject(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        for msg_type, text, reason in BUSINESS:
            number = wire.send(msg_type, text)
            told = await wire.next()
            assert [told.get(one) for one in (35, 45, 372, 379, 380)] == ["j", str(number), msg_type, "x", str(reason)]
        bound = await venue.log_on(venue.add_key(subaccount=2), flags=PLAIN)
        bound.send("D", f"11=x|{ORDER}")
        assert (await bound.next())[380] == "6"
        bound.send("D", f"11=y|{ORDER}|79=2")
        assert (await bound.next())[79] == "2"

    play(tmp_path, main)


def test_each_message_spends_its_tokens_of_its_shard(tmp_path: Path) -> None:
    spent: list[tuple[str, int, int]] = []

    def spend(member: str, tokens: int, shard: int) -> bool:
        spent.append((member, tokens, shard))
        return len(spent) != 4

    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        combo = f"40=2|38=1|44=0.4|54=1|55={COMBO}|59=1"
        wire.send("D", f"11=a1|{ORDER}|100=-1")
        wire.send("D", f"11=a2|{combo}|100=1")
        wire.send("D", f"11=a3|{combo}")
        wire.send("G", f"11=a4|41=a2|38=2|40=2|54=1|55={COMBO}|100=1")
        wire.send("F", f"11=a5|41=a2|54=1|55={COMBO}")
        told = await wire.all(5)
        assert [(one[35], one.get(380), one.get(379)) for one in told] == [
            ("8", None, None),
            ("8", None, None),
            ("j", "8", "a3"),
            ("8", None, None),
            ("8", None, None),
        ]
        assert spent == [("ann", 10, 0), ("ann", 10, 0), ("ann", 10, 1), ("ann", 10, 0), ("ann", 10, 1), ("ann", 2, 0)]

    play(tmp_path, main, rules=MemberRules(spend=spend))


def test_a_drop_in_mid_order_leaves_the_order_at_the_venue(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        wire = await venue.log_on(key, flags=PLAIN)
        venue.faults.arm(InjectedFault(kind=FaultKind.CUT_ORDER, account="ann"), venue.now_ns)
        wire.send("D", f"11=a1|{ORDER}")
        assert await wire.next() == {}
        assert [order.cl_ord_id for order in venue.place.exchange.orders.open_orders("ann")] == ["a1"]
        again: FixWire = await venue.log_on(key, flags=PLAIN)
        again.send("F", f"11=a2|41=a1|54=1|55={RAIN}")
        assert (await again.next())[39] == "4"

    play(tmp_path, main)


@pytest.mark.parametrize("is_applied", [False, True])
def test_exchange_unavailable_says_nothing_of_the_outcome(tmp_path: Path, is_applied: bool) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        venue.place.hours.lose(0, is_applied=is_applied)
        wire.send("D", f"11=a1|{ORDER}")
        told = await wire.next()
        assert (told[150], told[103], told[58]) == ("8", "99", "EXCHANGE_UNAVAILABLE")
        assert len(venue.place.exchange.orders.open_orders("ann")) == is_applied

    play(tmp_path, main)


def test_faults_drop_log_out_and_silence(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        for kind, told in ((FaultKind.DROP_FIX, {}), (FaultKind.LOGOUT_FIX, {35: "5", 58: "venue logs out"})):
            wire = await venue.log_on(key)
            venue.faults.arm(InjectedFault(kind=kind), venue.now_ns)
            venue.advance()
            answer = await wire.next()
            assert {tag: answer.get(tag) for tag in told} == told
            if told:
                wire.send("5")
            assert await wire.next() == {}
        wire = await venue.log_on(key)
        venue.faults.arm(InjectedFault(kind=FaultKind.SILENT_FIX), venue.now_ns)
        venue.advance()
        wire.send("1", "112=late")
        venue.faults.clear(FaultKind.SILENT_FIX)
        venue.advance()
        assert (await wire.next())[112] == "late"

    play(tmp_path, main)


def test_faults_delay_reports_and_leave_a_ghost(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        venue.faults.arm(InjectedFault(kind=FaultKind.DELAY_FIX, delay_ms=500), venue.now_ns)
        venue.advance()
        wire.send("D", f"11=a1|{ORDER}")
        assert await wire.silent()
        venue.advance(SECOND_NS // 2)
        assert (await wire.next())[11] == "a1"
        venue.faults.clear()
        venue.advance()
        venue.faults.arm(InjectedFault(kind=FaultKind.GHOST_FIX, account="bob", duration_ms=1000), venue.now_ns)
        key = venue.add_key("bob")
        ghost = await venue.connect(key)
        ghost.log_on()
        assert (await ghost.next())[58] == "already exists"
        venue.advance(SECOND_NS)
        await venue.log_on(key)

    play(tmp_path, main)


def test_drop_copy_bounds_are_told(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann = await venue.log_on(venue.add_key(), flags=PLAIN)
        copy = await venue.log_on(venue.add_key(), "KalshiDC")
        ann.send("D", f"11=a1|{ORDER}")
        ann.send("D", f"11=a2|40=2|38=1|44=0.4|54=1|55={COMBO}|59=1")
        ann.send("D", f"11=a3|40=2|38=1|44=0.401|54=1|55={RAIN}|59=1")
        first, combo, rejected = [one[17] for one in await ann.all(3)]
        for begin, end, reason in (
            ("1;1", "", "3"),
            (first, combo, "4"),  # another shard
            (first, "99999999999999;1", "4"),
            ("1;1;7", "", "3"),
        ):
            copy.send("U1", f"21001={begin}" + (f"|21002={end}" if end else ""))
            assert (await copy.next())[21004] == reason
        ann.send("D", f"11=a4|{ORDER}")
        other = (await ann.next())[17]
        ann.send("D", f"11=a5|40=2|38=1|44=0.4|54=1|55={COMBO}|59=1")
        last = (await ann.next())[17]
        copy.send("U1", f"21001={combo}|21002={other}")  # between two of its own shard, but of another
        assert (await copy.next())[21004] == "4"
        copy.send("U1", f"21001={first}|21002={first}")
        assert [one.get(17) or one[21003] for one in await copy.all(2)] == [first, "1"]
        copy.send("U1", f"21001={first}")
        assert [one.get(17) or one[21003] for one in await copy.all(3)] == [first, other, "2"]  # no reject
        copy.send("U1", f"21001={combo}")
        assert [one.get(17) or one[21003] for one in await copy.all(3)] == [combo, last, "2"]
        venue.fix.drop_copy.fails = True
        copy.send("U1", f"21001={first}")
        assert (await copy.next())[21004] == "2"
        for _ in range(2):
            copy.send("U1", f"21001={first}|21002={first}")
        assert (await copy.all(3))[2][21004] == "1"  # more than ten in a second
        venue.now_ns += 3 * HOUR_NS + SECOND_NS
        copy = await venue.log_on(venue.add_key(), "KalshiDC")
        copy.send("U1", f"21001={first}")
        assert (await copy.next())[21004] == "3"

    play(tmp_path, main)


def test_drop_copy_is_for_members_on_the_list(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        copy = await venue.log_on(venue.add_key(), "KalshiDC")
        copy.send("U1", "21001=1;1")
        told = await copy.next()
        assert (told[35], told[380]) == ("j", "6")

    play(tmp_path, main, may_drop_copy=lambda member: False)


def test_drop_copy_sends_what_was_sent_field_by_field(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        flags = {21005: "Y", 21007: "Y", 21008: "Y", 21011: "Y", 21012: "Y", 21026: "Y"}
        ann = await venue.log_on(venue.add_key(), flags=flags)
        copy = await venue.log_on(venue.add_key(), "KalshiDC", flags=flags)
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        bob.send("D", f"11=b1|40=2|38=5|44=0.4|54=2|55={RAIN}|59=1")
        await bob.next()
        ann.send("D", f"11=a1|40=2|38=7|44=0.4|54=1|55={RAIN}|59=1")
        ann.send("G", f"11=a2|41=a1|40=2|38=9|44=0.405|54=1|55={RAIN}|59=6|126=20261123-14:31:00.000")
        ann.send("F", f"11=a3|41=a2|54=1|55={RAIN}")
        ann.send("D", f"11=a4|40=2|38=7|44=0.4|54=1|55={RAIN}|59=3")
        live = []
        for _ in range(5):
            await ann.next()
            live.append([field for field in ann.entries if field[0] not in (8, 9, 10, 34, 49, 52, 56)])
        copy.send("U1", "21001=" + dict(live[0])[17])
        again = []
        for _ in range(5):
            await copy.next()
            again.append([field for field in copy.entries if field[0] not in (8, 9, 10, 34, 49, 52, 56)])
        assert again == live and (await copy.next())[21003] == "5"

    play(tmp_path, main)


REJECT_REASONS = {
    "MARKET_NOT_FOUND": "1",
    **dict.fromkeys(("MARKET_ALREADY_CLOSED", "MARKET_INACTIVE", "EXCHANGE_PAUSED", "TRADING_PAUSED"), "2"),
    **dict.fromkeys(("INSUFFICIENT_BALANCE", "EXCEEDED_PER_MARKET_RISK_LIMIT", "EXCEEDED_ORDER_GROUP_RISK_LIMIT"), "3"),
    **dict.fromkeys(("EXCEEDED_SELL_POSITION_FLOOR", "EVENT_CONTRACT_DAILY_CAP_EXCEEDED"), "3"),
    "ORDER_ALREADY_EXISTS": "6",
    "EXPIRED": "8",
    **dict.fromkeys(("INVALID_ORDER", "ORDER_GROUP_NOT_FOUND"), "11"),
    **dict.fromkeys(("CUSTOMER_ACCOUNT_NOT_FOUND", "PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT"), "15"),
    "EVENT_CONTRACT_DAILY_CAP_NOT_FOUND": "15",
    **dict.fromkeys(("EXCHANGE_UNAVAILABLE", "INTERNAL_ERROR"), "99"),
}


def test_every_text_of_a_reject_has_its_reason(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        for number, (text, reason) in enumerate(REJECT_REASONS.items()):
            venue.faults.arm(InjectedFault(kind=FaultKind.REJECT_ORDER, text=text), venue.now_ns)
            wire.send("D", f"11=r{number}|{ORDER}")
            told = await wire.next()
            assert [told[tag] for tag in (150, 39, 103, 58, 37, 151)] == ["8", "8", reason, text, "0", "0.00"]

    play(tmp_path, main)


def test_refused_changes_have_their_reasons_and_change_nothing(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), flags=PLAIN)
        bob = await venue.log_on(venue.add_key("bob"), flags=PLAIN)
        wire.send("D", f"11=a1|40=2|38=5|44=0.4|54=1|55={RAIN}|59=1")
        await wire.next()
        bob.send("D", f"11=b1|40=2|38=2|44=0.4|54=2|55={RAIN}|59=3")
        assert (await wire.next())[39] == "1"
        change = f"40=2|54=1|55={RAIN}"
        cases = [
            ("G", f"11=x1|41=a1|38=1|44=0.4|{change}", "2", "1", "INVALID_AMEND_QTY_FOR_ORDER"),
            ("G", f"11=x2|41=a1|38=5|44=0.401|{change}", "99", "1", "INVALID_PRICE"),
            ("G", f"11=x3|41=a1|38=5|44=1|{change}", "99", "1", "INVALID_PRICE"),
            ("G", f"11=x4|41=a1|38=5|44=0.4|{change}|126=20261124-00:00:00.000", "99", "1", "INVALID_ORDER"),
            ("G", f"11=x5|41=a1|38=5|44=0.4|{change}|59=6|126=20261122-00:00:00.000", "99", "1", "INVALID_ORDER"),
            ("G", f"11=x6|41=nothing|38=5|44=0.4|{change}", "1", "8", "UNKNOWN_ORDER"),
            ("G", f"11=x7|41=a1|38=5|44=0.4|40=2|54=2|55={RAIN}", "1", "1", "ORDER_ATTRIBUTES_MISMATCH"),
            ("G", "11=x8|41=a1|38=5|44=0.4|40=2|54=1|55=NOWHERE", "99", "1", "MARKET_NOT_FOUND"),
            ("G", f"11=a1|41=a1|38=5|44=0.4|{change}", "6", "1", "ORDER_ALREADY_EXISTS"),
            ("F", f"11=a1|41=a1|54=1|55={RAIN}", "6", "1", "ORDER_ALREADY_EXISTS"),
            ("F", f"11=x9|41=nothing|54=1|55={RAIN}", "1", "8", "UNKNOWN_ORDER"),
        ]
        for msg_type, text, reason, status, words in cases:
            wire.send(msg_type, text)
            told = await wire.next()
            answered = [told.get(tag) for tag in (35, 102, 39, 58, 434)]
            assert answered == ["9", reason, status, words, "1" if msg_type == "F" else "2"], text
        (order,) = venue.place.exchange.orders.open_orders("ann")
        assert (order.cl_ord_id, order.price, order.order_qty, order.cum_qty) == ("a1", 4000, 500, 200)
        wire.send("G", f"11=a2|41=a1|38=2|{change}")  # the total is what has traded: a cancel
        told = await wire.next()
        assert (told[39], told[11], told[41]) == ("4", "a2", "a1")

    play(tmp_path, main)
