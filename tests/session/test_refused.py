"""Reports that a session refuses are told with their order, in both kinds; the shipped session refuses few."""

import re
from pathlib import Path

import pytest

from engine import fix
from engine.codec import Fields
from engine.session.dictionary.dictionary import read_dictionary
from engine.session.file.settings import load_session
from tests.support.places import FIX_CONFIG, ROOT
from tests.support.session.fix_peer import STRICT, Side, in_both_modes, logged_on, report, run, until
from tests.support.session.scene import frame

TAGS = sorted(
    int(tag)
    for tag in re.findall(
        r"(\d+): [A-Z_]+", (ROOT / "engine/venue/fix44/_reports.pyx").read_text().split("OF_TAG = {")[1].split("}")[0]
    )
)
HEADER = (43, 97, 347)
OF_TAG = {43: "Y", 97: "Y", 347: "UTF-8", 1057: "Y", 136: "1|137=0|138=USD|139=4|891=0", 372: "D"}
Refused = list[tuple[str, str, int, str]]


def listen(side: Side) -> Refused:
    told: Refused = []

    def on_refused(fields: Fields, reason: int, text: str) -> None:
        told.append((fields.msg_type, fields.text(fix.ClOrdID), reason, text))

    side.session.on_refused = on_refused
    return told


@in_both_modes
async def test_s1_a_report_that_quickfix_refuses_is_told_with_its_order(tmp_path: Path) -> None:
    async with logged_on(tmp_path, **STRICT) as (side, peer):
        told = listen(side)
        peer.send("8", report("E1") + "1057=Y|")
        await until(lambda: told)
        ((msg_type, cl_ord_id, reason, text),) = told
        assert (msg_type, cl_ord_id, reason) == ("8", "A1", 0) and "1057" in text
        assert side.messages() == [] and side.session.is_logged_on
        peer.send("8", report("E2"))
        await until(side.messages)
        assert len(told) == 1


def test_s1_a_refused_report_beyond_a_gap_is_told_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with logged_on(tmp_path, **STRICT) as (side, peer):
            told = listen(side)
            peer.send("8", report("E2") + "1057=Y|", seq_num=3)
            await until(lambda: told)
            assert told[0][:3] == ("8", "A1", 0)

    run("event", main())


def test_s1_a_message_that_quickfix_answers_by_j_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with logged_on(tmp_path) as (side, peer):
            told = listen(side)
            side.session.on_message = side.session.refuse  # as the desk does with what it does not know
            peer.send("B", "148=Rain|33=1|58=tomorrow|")
            await until(lambda: told)
            assert told[0][0] == "B" and "not supported" in told[0][3]

    run("event", main())


@pytest.mark.parametrize("tag", TAGS)
def test_s1_the_shipped_dictionary_passes_every_tag_that_our_dialects_read(tag: int, tmp_path: Path) -> None:
    dictionary = read_dictionary(load_session(FIX_CONFIG / "initiator.cfg", "initiator", tmp_path))
    assert dictionary is not None
    sound = {37: "1", 17: "E", 150: "0", 39: "0", 55: "X", 54: "1", 151: "0", 14: "0", 6: "0"}
    value = OF_TAG.get(tag, "1")
    head = "35=8|34=2|" + (f"{tag}={value}|" if tag in HEADER else "") + ("122=20260105-14:30:00|" if tag == 43 else "")
    more = "" if tag in sound or tag in (35, *HEADER) else f"{tag}={value}|"
    text = head + "".join(f"{key}={known}|" for key, known in sound.items()) + more
    fault = dictionary.check(Fields(frame(text)))
    assert fault is None, fault


@in_both_modes
async def test_s1_the_shipped_quickfix_session_takes_the_aggressor_indicator(tmp_path: Path) -> None:
    async with logged_on(tmp_path) as (side, peer):
        peer.send("8", report("E1") + "1057=Y|20001=x|")
        await until(side.messages)
        assert "|1057=Y|" in side.messages()[0]
