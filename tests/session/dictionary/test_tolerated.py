"""Fields that no rule defines and that the keys, or the custom of peers, let stand."""

from pathlib import Path

import pytest

from engine.codec import Fields
from engine.session.dictionary.dictionary import Dictionary, read_dictionary
from tests.session.dictionary.test_dictionary import ORDER, check, fix44, fixt, path
from tests.support.session.scene import frame
from tests.support.session.sockets import acceptor_settings

LENIENT = {"AllowUnknownMsgFields": "Y", "ValidateUserDefinedFields": "N"}
ENTRY = "448=P1|447=D|452=1|"


@pytest.mark.parametrize("tag", [20002, 9999, 150, 999])
@pytest.mark.parametrize(
    "group",
    [
        "453=2|448=P1|447=D|452=1|{x}448=P2|447=D|452=2|",
        "453=2|{x}448=P1|447=D|452=1|448=P2|447=D|452=2|",
        "453=2|448=P1|{x}447=D|452=1|448=P2|447=D|{x}452=2|",
        "453=1|448=P1|447=D|452=1|802=2|523=S1|{x}803=1|523=S2|803=2|",
        "453=1|448=P1|447=D|452=1|802=2|523=S1|803=1|523=S2|803=2|{x}",
        "453=2|448=P1|447=D|452=1|802=1|523=S1|{x}448=P2|447=D|452=2|802=1|523=S2|803=2|",
    ],
)
def test_s11_an_allowed_tag_does_not_end_its_group(group: str, tag: int) -> None:
    text = ORDER + group.format(x=f"{tag}=1|")
    lenient = fix44(**LENIENT)
    assert check(text) is not None and check(text, lenient) is None
    assert lenient.passes(Fields(frame(text))) and lenient.passes(Fields(frame(text)))  # the second time as known
    assert not lenient.passes(Fields(frame(text.replace("|453=", "|453=1"))))


def test_s11_a_tag_that_is_not_allowed_is_named() -> None:
    assert check(ORDER + f"453=2|{ENTRY}20002=1|{ENTRY}") == (16, 453)
    assert check(ORDER + f"453=2|{ENTRY}999=1|{ENTRY}", fix44(ValidateUserDefinedFields="N")) == (16, 453)


def test_s11_a_field_of_the_body_ends_the_group_still() -> None:
    assert check(ORDER + f"453=2|{ENTRY}20002=1|58=x|{ENTRY}", fix44(**LENIENT)) == (16, 453)


def test_s11_faults_behind_the_tag_are_found() -> None:
    lenient = fix44(**LENIENT)
    assert check(ORDER + f"453=3|{ENTRY}20002=1|{ENTRY}", lenient) == (16, 453)
    assert check(ORDER + f"453=2|{ENTRY}20002=1|{ENTRY.replace('452=1', '452=x')}", lenient) == (6, 452)
    assert check(ORDER + f"453=1|448=P1|20002=1|{ENTRY[7:]}447=D|", lenient) == (15, 447)


def test_14_i_wrong_count_is_named_before_wrong_values_of_its_entries() -> None:
    assert check(ORDER + f"453=3|{ENTRY}448=P2|452=x|") == (16, 453)
    assert check(ORDER + f"453=2|{ENTRY}448=P2|452=x|") == (6, 452)
    nested = "453=1|448=P1|447=D|452=1|802=2|523=S1|803=x|"
    assert check(ORDER + nested) == (16, 802)


@pytest.mark.parametrize("tag", [1137, 1407, 1408])
@pytest.mark.parametrize(
    "text", ["35=j|34=2|372=D|380=3|{x}", ORDER + "{x}", ORDER + "453=1|448=P|{x}447=D|452=1|", "35=0|34=2|{x}"]
)
def test_s19_versions_of_a_logon_may_stand_in_any_message_of_fixt(text: str, tag: int) -> None:
    assert check(text.format(x=f"{tag}=9|"), fixt(), "FIXT.1.1") is None


def test_s19_other_fields_of_a_logon_may_not() -> None:
    assert check(ORDER + "108=9|", fixt(), "FIXT.1.1") == (2, 108)
    assert check(ORDER + "1137=9|") == (0, 1137)


def test_14_a_tag_that_fixt_alone_lacks_is_none_of_a_session_message() -> None:
    assert check("35=0|34=2|999=x|", fixt(), "FIXT.1.1") == (0, 999)
    assert check("35=0|34=2|108=9|", fixt(), "FIXT.1.1") == (2, 108)
    assert check("35=B|34=2|148=x|33=1|58=x|108=9|", fixt(), "FIXT.1.1") == (2, 108)


def old(version: str) -> Dictionary:
    name = path(f"FIX4{version}.xml")
    found = read_dictionary(
        acceptor_settings(Path(), BeginString=f"FIX.4.{version}", UseDataDictionary="Y", DataDictionary=name)
    )
    assert found is not None
    return found


@pytest.mark.parametrize("version", ["0", "1"])
def test_s18_a_char_of_the_oldest_versions_is_text(version: str) -> None:
    begin_string = f"FIX.4.{version}"
    order = "35=D|34=2|11=ID42|21=1|55=MSFT|54=1|38=100|40=2|44=0.55|"
    assert check("35=A|34=1|98=0|108=30|", old(version), begin_string) is None
    assert check(order, old(version), begin_string) is None
    assert check(order + "18=1 2|", old(version), begin_string) is None
    assert check(order.replace("54=1", "54=X"), old(version), begin_string) == (5, 54)
    assert check(order + "18=1 ?|", old(version), begin_string) == (5, 18)


@pytest.mark.parametrize("version", ["0", "1"])
def test_s18_times_and_dates_of_the_oldest_versions_are_checked(version: str) -> None:
    order = "35=D|34=2|11=ID42|21=1|55=MSFT|54=1|38=100|40=2|44=0.55|"
    assert check(order + "126=20260105-14:30:00|64=20260106|", old(version), f"FIX.4.{version}") is None
    assert check(order + "126=today|", old(version), f"FIX.4.{version}") == (6, 126)
    assert check(order + "64=20260230|", old(version), f"FIX.4.{version}") == (6, 64)
