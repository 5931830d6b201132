"""Messages against QuickFIX's own dictionaries, by the standard's case numbers 2.q, 2.t and 14."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import ConfigError
from engine.session.dictionary.dictionary import Dictionary, read_dictionary
from engine.session.file.dictionaries import find_dictionary
from tests.support.session.scene import Scene, frame
from tests.support.session.sockets import acceptor_settings

ORDER = "35=D|34=2|11=A|55=X|54=1|60=20260105-14:30:00|38=100|40=2|44=0.55|"
PARTIES = "453=2|448=P1|447=D|452=1|448=P2|447=D|452=2|"


def path(name: str) -> str:
    found = find_dictionary(name, Path())
    assert found is not None, f"QuickFIX's {name} is not installed"
    return str(found)


@lru_cache
def fix44(**changes: str) -> Dictionary:
    settings = acceptor_settings(Path(), UseDataDictionary="Y", DataDictionary=path("FIX44.xml"), **changes)
    found = read_dictionary(settings)
    assert found is not None
    return found


@lru_cache
def fixt() -> Dictionary:
    settings = acceptor_settings(
        Path(), BeginString="FIXT.1.1", DefaultApplVerID="FIX.5.0SP2", UseDataDictionary="Y",
        TransportDataDictionary=path("FIXT11.xml"), AppDataDictionary=path("FIX50SP2.xml"),
    ).replaced({"AppDataDictionary.FIX.4.4": path("FIX44.xml")})  # fmt: skip
    found = read_dictionary(settings)
    assert found is not None
    return found


def xml(text: str) -> str:
    return f"34=2|212={len(text)}|213={text}|"


def check(
    text: str, dictionary: Dictionary | None = None, begin_string: str = "FIX.4.4"
) -> tuple[int, int | None] | None:
    fault = (dictionary or fix44()).check(Fields(frame(text, begin_string=begin_string)))
    return None if fault is None else (fault.reason, fault.tag)


def test_sound_messages_pass() -> None:
    assert check(ORDER) is None
    assert check(ORDER + PARTIES) is None
    assert check("35=0|34=2|") is None
    assert check("35=8|34=2|37=1|17=E|150=0|39=0|55=X|54=1|151=0|14=0|6=0|58=text|") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("35=ZZ|34=2|", (11, 35), id="2_q_type"),
        pytest.param(ORDER + "999=x|", (0, 999), id="14_a_tag"),
        pytest.param(ORDER.replace("11=A|", ""), (1, 11), id="14_b_missing"),
        pytest.param(ORDER + "150=0|", (2, 150), id="14_c_not_of_this_type"),
        pytest.param(ORDER.replace("44=0.55|", "44=|"), (4, 44), id="14_d_no_value"),
        pytest.param(ORDER.replace("54=1|", "54=Z|"), (5, 54), id="14_e_value"),
        (ORDER.replace("40=2|", "40=|") , (4, 40)),
        pytest.param(ORDER.replace("38=100|", "38=many|"), (6, 38), id="14_f_format"),
        (ORDER.replace("38=100|", "38=.|"), (6, 38)),
        (ORDER.replace("60=20260105-14:30:00|", "60=today|"), (6, 60)),
        (ORDER.replace("54=1|", "54=12|"), (6, 54)),
        (ORDER + "114=X|", (6, 114)),
        (ORDER + "432=2026010|", (6, 432)),
        (ORDER + "200=2026|", (6, 200)),
        pytest.param(ORDER + "50=US|", (14, 50), id="14_g_section"),
        pytest.param(ORDER + "11=B|", (13, 11), id="14_h_twice"),
        pytest.param(ORDER + "453=3|" + PARTIES[6:], (16, 453), id="14_i_count"),
        (ORDER + "453=1|" + PARTIES[6:], (16, 453)),
        (ORDER + "453=x|" + PARTIES[6:], (6, 453)),
        pytest.param(ORDER + "453=1|447=D|448=P1|", (15, 447), id="14_j_group_order"),
        (ORDER + "453=1|448=P1|452=1|447=D|", (15, 447)),
        (ORDER + "453=1|448=P1|447=D|447=D|", (15, 447)),
        (ORDER + "453=1|448=P1|452=oops|", (6, 452)),
        (ORDER + "18=6 ?|", (5, 18)),
        (ORDER + "5001=x|", (0, 5001)),
        (ORDER.replace("34=2|", xml("<a><b/>")), (12, 213)),
        (ORDER.replace("34=2|", xml("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>")), (12, 213)),
    ],
)  # fmt: skip
def test_fault_is_found(text: str, fault: tuple[int, int]) -> None:
    assert check(text) == fault


def test_multiple_values_pass_one_by_one() -> None:
    assert check(ORDER + "18=6 G|") is None


def test_12_xml_that_is_well_formed_passes() -> None:
    assert check(ORDER.replace("34=2|", xml("<a>\n<b c='='/></a>"))) is None


def test_data_fields_are_those_of_the_dictionary() -> None:
    assert fix44().data_fields is None
    data_fields = fixt().data_fields
    assert data_fields is not None and data_fields[1525] == 1527 and data_fields[95] == 96
    scene = Scene(begin_string="FIXT.1.1", default_appl_ver_id="9", core={"dictionary": fixt()})
    scene.up(logon="98=0|108=30|1137=9|")
    order = ORDER + "1525=8|1527=a|9999=b|"
    assert scene.receive(order) == ["< " + order]
    scene.core.send(b"35=D\x0111=A\x011525=3\x011527=a\x01b\x01", scene.now_ns)
    scene.receive("35=2|34=3|7=2|16=2|")
    assert b"\x0143=Y\x01" in scene.raw[-1] and b"\x0111=A\x011525=3\x011527=a\x01b\x0110=" in scene.raw[-1]


def test_nested_groups_are_walked() -> None:
    nested = "453=1|448=P1|447=D|452=1|802=2|523=S1|803=1|523=S2|803=2|"
    assert check(ORDER + nested) is None
    assert check(ORDER + nested.replace("802=2", "802=3")) == (16, 802)
    assert check(ORDER + nested + "803=1|") == (15, 803)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("ValidateFieldsOutOfOrder", "N", ORDER + "50=US|"),
        ("ValidateFieldsHaveValues", "N", ORDER.replace("44=0.55|", "44=|")),
        ("ValidateUnorderedGroupFields", "N", ORDER + "453=1|448=P1|452=1|447=D|"),
        ("ValidateUserDefinedFields", "N", ORDER + "5001=x|"),
        ("AllowUnknownMsgFields", "Y", ORDER + "999=x|150=0|"),
        ("AllowUnknownEnumValues", "Y", ORDER.replace("54=1|", "54=Z|")),
    ],
)
def test_key_loosens_its_check(key: str, value: str, text: str) -> None:
    assert check(text) is not None
    assert check(text, fix44(**{key: value})) is None


def test_user_defined_message_type_passes() -> None:
    assert check("35=U1|34=2|9999=x|") is None


def test_fixt_takes_session_messages_from_the_transport_dictionary() -> None:
    logon = "35=A|34=1|98=0|108=30|1137=9|"
    assert check(logon, fixt(), "FIXT.1.1") is None
    assert check(logon.replace("1137=9|", ""), fixt(), "FIXT.1.1") == (1, 1137)


def test_fixt_takes_application_messages_by_their_version() -> None:
    order = ORDER.replace("34=2|", "34=2|49=PEER|56=US|52=20260105-14:30:00|")
    assert check(order, fixt(), "FIXT.1.1") is None
    assert check(order.replace("34=2|", "34=2|1128=6|"), fixt(), "FIXT.1.1") is None
    assert check(order.replace("34=2|", "34=2|1128=6|") + "1138=1|", fixt(), "FIXT.1.1") == (0, 1138)
    assert check(order.replace("34=2|", "34=2|1128=3|"), fixt(), "FIXT.1.1") == (18, 1128)


def test_every_dictionary_of_quickfix_compiles() -> None:
    for version in ("40", "41", "42", "43", "44"):
        begin_string = f"FIX.4.{version[1]}"
        name = path(f"FIX{version}.xml")
        settings = acceptor_settings(Path(), BeginString=begin_string, UseDataDictionary="Y", DataDictionary=name)
        assert read_dictionary(settings) is not None


def test_file_that_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text("<fix><fields><field number='x'/></fields></fix>")
    settings = acceptor_settings(tmp_path, UseDataDictionary="Y", DataDictionary=tmp_path / "x.xml")
    with pytest.raises(ConfigError, match="x.xml: not a QuickFIX dictionary"):
        read_dictionary(settings)


def up(**changes: Any) -> Scene:
    return Scene(core={"dictionary": fix44()}, **changes).up()


def test_14_fault_is_rejected_and_the_session_goes_on() -> None:
    scene = up()
    text = "ClOrdID(11) missing"
    assert scene.receive(ORDER.replace("11=A|", "")) == [f"> 35=3|34=2|45=2|371=11|372=D|373=1|58={text}|"]
    assert scene.receive(ORDER.replace("34=2", "34=3")) == ["< " + ORDER.replace("34=2", "34=3")]


def test_14_fault_is_taken_where_configured() -> None:
    scene = up(reject_invalid_message=False)
    text = ORDER.replace("11=A|", "")
    assert scene.receive(text) == ["< " + text]


def test_14_administrative_fault_is_rejected() -> None:
    assert up().receive("35=1|34=2|112=T|44=1|") == [
        "> 35=3|34=2|45=2|371=44|372=1|373=2|58=Price(44) is not defined for this message type|"
    ]


def test_14_fault_in_the_logon_ends_it() -> None:
    scene = Scene(core={"dictionary": fix44()}).connect()
    scene.take()
    assert [event[:7] for event in scene.receive("35=A|34=1|98=0|108=30|44=1|")] == [
        "> 35=3|", "> 35=5|", "alert", "disconn",
    ]  # fmt: skip


def test_too_high_is_checked_when_its_turn_comes() -> None:
    scene = up()
    bad = ORDER.replace("34=2", "34=3").replace("11=A|", "")
    assert scene.receive(bad) == ["> 35=2|34=2|7=2|16=0|"]
    events = scene.receive("35=4|34=2|43=Y|122=20260105-14:30:00|123=Y|36=3|")
    assert [event[:17] for event in events] == ["> 35=3|34=3|45=3|"]
