"""Who may log on to the simulated Kalshi, where, and what a refusal says."""

import asyncio
import base64
import contextlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from engine.sim.fix.kalshi.admission import MemberRules
from engine.sim.keys import SimKey
from tests.support.sim.kalshi_fix import NOON_NS, SECOND_NS, FixVenue, FixWire, play, sign

KINDS = ("KalshiNR", "KalshiDC", "KalshiRT", "KalshiPT", "KalshiRFQ", "KalshiMD")
LISTENER = {20126: "Y", 21011: "Y"}


def test_signed_logon_over_tls_is_answered_as_the_venue_does(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key(key_id="3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16")
        wire = await venue.log_on(key)
        body = {tag: value for tag, value in wire.logon.items() if tag not in (9, 10)}
        assert body == {
            8: "FIXT.1.1",
            34: "1",
            35: "A",
            49: "KalshiNR",
            52: "20261123-14:30:05.000",
            56: key,
            98: "0",
            108: "30",
            141: "Y",
            1137: "9",
        }

    play(tmp_path, main, with_tls=True)


@pytest.mark.parametrize("comp_id", KINDS)
def test_each_port_takes_its_own_comp_id(tmp_path: Path, comp_id: str) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), comp_id)
        assert wire.logon[49] == comp_id and await wire.silent()

    play(tmp_path, main)


def test_a_retransmission_session_may_log_on_without_a_reset(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.log_on(venue.add_key(), "KalshiRT", fields={141: ""})
        assert 141 not in wire.logon

    play(tmp_path, main)


REFUSALS: list[tuple[str, dict[str, Any], dict[int, str]]] = [
    ("no reset", {"fields": {141: ""}}, {35: "5", 58: "ResetSeqNumFlag=Y is required"}),
    ("reset N", {"fields": {141: "N"}}, {35: "5", 58: "ResetSeqNumFlag=Y is required"}),
    ("SenderSubID", {"fields": {50: "desk"}}, {35: "3", 373: "2", 371: "50"}),
    ("HeartBtInt 3", {"fields": {108: "3"}}, {35: "3", 373: "5", 371: "108"}),
    ("no HeartBtInt", {"fields": {108: ""}}, {35: "3", 373: "1", 371: "108"}),
    ("encrypted", {"fields": {98: "1"}}, {35: "3", 373: "5", 371: "98"}),
    ("no EncryptMethod", {"fields": {98: ""}}, {35: "3", 373: "1", 371: "98"}),
    ("no version", {"fields": {1137: ""}}, {35: "3", 373: "1", 371: "1137"}),
    ("FIX 4.4", {"fields": {1137: "6"}}, {35: "3", 373: "5", 371: "1137"}),
    ("no signature", {"fields": {95: "", 96: ""}}, {35: "3", 373: "1", 371: "96"}),
    ("wrong signature", {"fields": {95: "4", 96: "QUJD"}}, {35: "5", 58: "Signature verification failed"}),
    ("no base64", {"fields": {95: "3", 96: "???"}}, {35: "5", 58: "Signature verification failed"}),
    ("flag neither Y nor N", {"flags": {8013: "1"}}, {35: "3", 373: "5", 371: "8013"}),
    ("listener with pending reports", {"flags": {20126: "Y"}}, {35: "3", 373: "5", 371: "21011"}),
    ("listener that cancels", {"flags": {**LISTENER, 8013: "Y"}}, {35: "3", 373: "5", 371: "8013"}),
    ("retention on NR", {"flags": {20200: "24"}}, {35: "3", 373: "5", 371: "20200"}),
]


@pytest.mark.parametrize(("logon", "answer"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_logon_is_refused_in_words_and_the_connection_closed(
    tmp_path: Path, logon: dict[str, Any], answer: dict[int, str]
) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        wire = await venue.connect(key)
        wire.log_on(**logon)
        refused = await wire.next()
        assert {tag: refused.get(tag) for tag in answer} == answer
        assert (refused[34], refused[49], refused[56]) == ("1", "KalshiNR", key)
        assert await wire.next() == {} and not venue.fix.ports.is_connected(key)
        await venue.log_on(key)  # a refused Logon has left nothing behind

    play(tmp_path, main)


@pytest.mark.parametrize(("ahead_ms", "is_taken"), [(-30_001, False), (-29_000, True), (29_000, True), (30_001, False)])
def test_clock_may_be_30_seconds_off(tmp_path: Path, ahead_ms: int, is_taken: bool) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.connect(venue.add_key())
        wire.ahead_ns = ahead_ms * 10**6
        wire.log_on()
        told = await wire.next()
        if is_taken:
            assert told[35] == "A"
        else:
            assert {tag: told[tag] for tag in (35, 45, 371, 372, 373)} == {
                35: "3",
                45: "1",
                371: "52",
                372: "A",
                373: "10",
            }
            assert await wire.next() == {}

    play(tmp_path, main)


@pytest.mark.parametrize(("hours", "is_taken"), [("0", False), ("1", True), ("72", True), ("73", False), ("x", False)])
def test_retention_is_one_to_72_hours(tmp_path: Path, hours: str, is_taken: bool) -> None:
    async def main(venue: FixVenue) -> None:
        wire = await venue.connect(venue.add_key(), "KalshiPT")
        wire.log_on(flags={20200: hours})
        assert (await wire.next())[35] == ("A" if is_taken else "3")

    play(tmp_path, main)


def test_listener_on_market_data_and_settlements_on_rfq_are_refused(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        for comp_id, flags, tag in (("KalshiMD", LISTENER, "20126"), ("KalshiRFQ", {20127: "Y"}, "20127")):
            wire = await venue.connect(venue.add_key(), comp_id)
            wire.log_on(flags=flags)
            assert (await wire.next())[371] == tag

    play(tmp_path, main)


async def answer(venue: FixVenue, key: str, comp_id: str = "KalshiNR", port_of: str = "", **logon: Any) -> str:
    """Return Text(58) of the refusal, A for a Logon that is taken, nothing where the connection is cut."""
    wire = await venue.connect(key, comp_id, port_of)
    wire.log_on(**logon)
    told = await wire.next()
    return "A" if told.get(35) == "A" else told.get(58, "")


def test_comp_id_of_another_port_is_refused(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        assert await answer(venue, key, "KalshiMD", "KalshiNR") == "Invalid TargetCompID"
        assert await answer(venue, key, "Kalshi", "KalshiRT") == "Invalid TargetCompID"

    play(tmp_path, main)


def test_tier_rate_and_permission_refuse_a_logon(tmp_path: Path) -> None:
    spent: list[tuple[str, int, int]] = []

    def spend(member: str, tokens: int, shard: int) -> bool:
        spent.append((member, tokens, shard))
        return member != "greedy"

    async def main(venue: FixVenue) -> None:
        assert await answer(venue, venue.add_key("small")) == "API usage level is not allowed for FIX"
        assert await answer(venue, venue.add_key("greedy")) == "rate limit exceeded"
        assert await answer(venue, venue.add_key("plain"), "KalshiRT") == ""  # not enabled: no word at all
        reader = venue.add_key("ann", scopes=frozenset({"read"}))
        assert await answer(venue, reader) == "API key does not have the required permission"
        assert await answer(venue, reader, flags=LISTENER) == "A"
        assert await answer(venue, venue.add_key("ann", scopes=frozenset({"read", "write::trade"}))) == "A"
        assert spent == [("greedy", 10, 0), ("ann", 10, 0), ("ann", 10, 0)]

    rules = MemberRules(lambda member: member != "small", lambda member, comp_id: member != "plain", spend)
    play(tmp_path, main, rules=rules)


def test_unknown_key_and_the_key_of_another_are_refused(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        ann, bob = venue.add_key("ann"), venue.add_key("bob")
        venue.private[ann] = venue.private[bob]
        assert await answer(venue, "nobody") == "API key is not found"
        assert await answer(venue, ann) == "Signature verification failed"

    play(tmp_path, main)


def test_second_connection_of_a_key_is_refused_wherever_it_comes(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        first = await venue.log_on(key)
        assert await answer(venue, key) == "already exists"
        assert await answer(venue, key, "KalshiMD") == "already exists"
        assert await first.silent()
        first.send("5")
        assert (await first.next())[35] == "5"
        await venue.gone(first)
        assert await answer(venue, key) == "A"

    play(tmp_path, main)


@pytest.mark.parametrize("salt_length", [0, 20, 32, 222])
def test_rsa_signature_is_taken_with_any_salt_length(tmp_path: Path, salt_length: int) -> None:
    async def main(venue: FixVenue) -> None:
        private = _rsa()
        venue.keys.add(SimKey("rsa", "ann", private.public_key()))
        text = "\x01".join(("20261123-14:30:05.000", "A", "1", "rsa", "KalshiNR"))
        signature = base64.b64encode(sign(private, text.encode(), salt_length)).decode()
        fields = {95: str(len(signature)), 96: signature}
        assert await answer(venue, "rsa", fields=fields) == "A"

    play(tmp_path, main)


def _rsa(made: list[Any] = []) -> Any:  # noqa: B006  # one key is enough for all
    if not made:
        made.append(generate_private_key(public_exponent=65537, key_size=2048))
    return made[0]


def test_clock_is_that_of_the_venue_and_judges_every_message(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        venue.now_ns = NOON_NS + 3600 * SECOND_NS
        wire = await venue.log_on(venue.add_key())
        wire.ahead_ns = -31 * SECOND_NS
        wire.send("1", t112="x")
        reject = await wire.next()
        assert (reject[35], reject[373], reject[371]) == ("3", "10", "52")

    play(tmp_path, main)


def test_maintenance_cuts_everybody_and_lets_nobody_in(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        key = venue.add_key()
        wire: FixWire = await venue.log_on(key, "KalshiRT")
        venue.fix.begin_maintenance()
        assert await wire.next() == {}
        assert await answer(venue, key, "KalshiRT") == ""
        venue.fix.end_maintenance()
        again = await venue.connect(key, "KalshiRT")
        again.log_on(fields={141: ""}, seq=2)
        assert (await again.next())[34] == "2"  # numbers go on

    play(tmp_path, main)


def test_the_length_of_the_signature_may_be_left_out(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        assert await answer(venue, venue.add_key(), fields={95: ""}) == "A"

    play(tmp_path, main)


def test_key_bound_to_a_subaccount_trades_and_quotes_alone(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        taken = [comp_id for comp_id in KINDS if await answer(venue, venue.add_key(subaccount=3), comp_id) == "A"]
        assert taken == ["KalshiNR", "KalshiRT", "KalshiRFQ"]
        refused = await answer(venue, venue.add_key(subaccount=3), flags=LISTENER)
        assert refused == "API key does not have the required permission"

    play(tmp_path, main)


def test_who_speaks_no_tls_gets_no_answer(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", venue.fix.ports.ports["KalshiNR"])
        writer.write(b"8=FIXT.1.1\x019=5\x0135=A\x0110=000\x01" * 10)
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                assert b"FIXT" not in await reader.read()
        writer.close()

    play(tmp_path, main, with_tls=True)
