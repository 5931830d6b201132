"""What FIX 4.0 to 4.3 have not: codes of a Reject, BusinessMessageReject, ResetSeqNumFlag, fractions of a second."""

from pathlib import Path

import pytest

from engine.codec import Fields
from engine.session.native.settings import core_settings
from engine.session.protocol.admin import unsupported
from tests.support.session.scene import Scene, frame
from tests.support.session.sockets import acceptor_settings

VERSIONS = ["FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3", "FIX.4.4"]


@pytest.mark.parametrize(
    ("begin_string", "codes"),
    [
        ("FIX.4.0", ""),
        ("FIX.4.1", ""),
        ("FIX.4.2", "371=112|372=1|373=1|"),
        ("FIX.4.3", "371=112|372=1|373=1|"),
        ("FIX.4.4", "371=112|372=1|373=1|"),
    ],
)
def test_s18_reject_has_the_codes_of_its_version(begin_string: str, codes: str) -> None:
    scene = Scene(begin_string=begin_string).up()
    assert scene.receive("35=1|34=2|") == [f"> 35=3|34=2|45=2|{codes}58=TestReqID(112) missing|"]


@pytest.mark.parametrize(
    ("begin_string", "reason"),
    [("FIX.4.0", ""), ("FIX.4.1", ""), ("FIX.4.2", ""), ("FIX.4.3", "373=17|"), ("FIX.4.4", "373=17|")],
)
def test_s18_reject_has_no_reason_that_came_later(begin_string: str, reason: str) -> None:
    scene = Scene(begin_string=begin_string).up()
    referred = "372=8|" if begin_string >= "FIX.4.2" else ""
    data = frame("35=8|34=2|37=x|", begin_string=begin_string).replace(b"\x0137=", b"\x01ab\x0137=")
    body = data.partition(b"\x0135=")[2].rpartition(b"10=")[0]
    data = b"8=%b\x019=%d\x0135=%b" % (begin_string.encode(), len(body) + 3, body)
    (refusal,) = scene.receive_raw(data + b"10=%03d\x01" % (sum(data) % 256))
    assert refusal == f"> 35=3|34=2|45=2|{referred}{reason}58=piece without `=`: SOH inside a value|"


@pytest.mark.parametrize("begin_string", VERSIONS)
def test_s18_type_without_support_is_refused_as_its_version_can(begin_string: str) -> None:
    news = Fields(frame("35=B|34=7|148=x|", begin_string=begin_string))
    text = b"58=MsgType(35) B is not supported here\x01"
    old = begin_string in ("FIX.4.0", "FIX.4.1")
    assert unsupported(news, None) == (b"35=3\x0145=7\x01" if old else b"35=j\x0145=7\x01372=B\x01380=3\x01") + text


def test_s18_first_version_resets_without_a_flag() -> None:
    scene = Scene(begin_string="FIX.4.0", reset_on_logon=True)
    scene.connect()
    scene.receive("35=A|34=1|98=0|108=30|")
    scene.core.disconnected(scene.now_ns, "lost")
    scene.take()
    scene.connect()
    assert scene.take() == ["> 35=A|34=1|98=0|108=30|"]
    assert scene.receive("35=A|34=1|98=0|108=30|") == ["logon"] and scene.core.next_in == 2


@pytest.mark.parametrize(
    ("begin_string", "digits"), [*((old, 0) for old in VERSIONS[:2]), *((new, 3) for new in VERSIONS[2:])]
)
def test_s18_times_have_a_fraction_from_4_2_on(begin_string: str, digits: int, tmp_path: Path) -> None:
    assert core_settings(acceptor_settings(tmp_path, BeginString=begin_string)).timestamp_precision == digits


ROUTES = [
    ("115=JCD|", "128=JCD|"), ("128=JCD|", "115=JCD|"), ("115=JCD|116=CS|144=CHI|", "128=JCD|129=CS|145=CHI|"),
    ("128=JCD|129=CS|145=CHI|", "115=JCD|116=CS|144=CHI|"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "back"), ROUTES)
def test_18_refusal_goes_back_the_way_that_the_message_came(there: str, back: str) -> None:
    scene = Scene(on_behalf_of=None, deliver_to=None).up()
    (refusal,) = scene.receive(f"35=8|34=2|{there}43=Y|37=x|")
    assert refusal == f"> 35=3|34=2|{back}45=2|371=122|372=8|373=1|58=OrigSendingTime(122) missing|"
    news = unsupported(Fields(frame(f"35=B|34=7|{there}148=x|")), None)
    assert news.startswith(b"35=j\x01" + back.replace("|", "\x01").encode() + b"45=7\x01")


def test_18_refusal_of_a_route_that_was_not_agreed_on_goes_no_further() -> None:
    (refusal,) = Scene().up().receive("35=8|34=2|115=JCD|37=x|")
    assert refusal.startswith("> 35=3|34=2|45=2|371=115|372=8|373=9|")
