"""Application versions of a FIXT.1.1 session: whose dictionary a message is checked by, and what refusals say."""

from engine.codec import Fields
from engine.session.protocol.admin import unsupported
from engine.session.protocol.versions import Version, Versions
from tests.session.dictionary.test_dictionary import ORDER, fixt
from tests.support.session.scene import Scene, frame

LOGON = "98=0|108=30|1137=9|"
# The peer sends orders of FIX 4.4 and takes reports of FIX 4.2.
GROUP = "384=3|372=D|385=S|1130=6|1410=Y|372=8|385=R|1130=4|1410=Y|372=F|385=S|1130=4|1410=N|"
ONLY_44 = ORDER + "66=list|"  # ListID(66) has left the order since
ONLY_50 = ORDER + "1138=1|"  # DisplayQty(1138) has come


def up(logon: str = LOGON) -> Scene:
    return Scene(begin_string="FIXT.1.1", default_appl_ver_id="9", core={"dictionary": fixt()}).up(logon=logon)


def test_logon_says_which_version_a_type_has() -> None:
    logon = Fields(frame(f"35=A|34=1|{LOGON}1407=252|" + GROUP.replace("1130=6|", "1130=6|1406=7|1131=own|")))
    versions = Versions(logon)
    assert (versions.default, versions.by_msg_type) == (Version("9", "252"), {"D": Version("6", "7", "own")})


def test_type_without_a_version_of_its_own_has_the_default() -> None:
    scene = up(LOGON + GROUP.replace("372=D|", "372=G|"))
    assert scene.receive(ONLY_50) == ["< " + ONLY_50]


def test_type_with_a_version_of_its_own_is_checked_by_it() -> None:
    scene = up(LOGON + GROUP)
    (refusal,) = scene.receive(ONLY_50)
    assert refusal.startswith("> 35=3|34=2|45=2|371=1138|372=D|1130=6|373=0|")
    assert scene.receive(ORDER.replace("34=2", "34=3")) == ["< " + ORDER.replace("34=2", "34=3")]


def test_header_says_more_than_the_logon() -> None:
    text = ONLY_50.replace("34=2|", "34=2|1128=9|")
    assert up(LOGON + GROUP).receive(text) == ["< " + text]


def test_next_logon_forgets_the_versions_of_the_last() -> None:
    scene = up(LOGON + GROUP)
    scene.core.disconnected(scene.now_ns, "lost")
    scene.connect().receive(f"35=A|34=2|{LOGON}")
    scene.take()
    text = ONLY_50.replace("34=2", "34=3")
    assert scene.receive(text) == ["< " + text]


def test_reject_names_the_version_assumed() -> None:
    wrong = ORDER.replace("11=A|", "")
    assert up().receive(wrong) == ["> 35=3|34=2|45=2|371=11|372=D|1130=9|373=1|58=ClOrdID(11) missing|"]


def test_reject_of_a_message_that_says_its_version_does_not_repeat_it() -> None:
    (refusal,) = up().receive(ORDER.replace("11=A|", "").replace("34=2|", "34=2|1128=6|"))
    assert "|372=D|373=1|" in refusal


def test_unsupported_version_is_rejected_and_the_session_goes_on() -> None:
    scene = up()
    text = "ApplVerID(1128) 3 is not supported"
    assert scene.receive(ORDER.replace("34=2|", "34=2|1128=3|")) == [
        f"> 35=3|34=2|45=2|371=1128|372=D|373=18|58={text}|"
    ]
    assert scene.core.next_in == 3


def test_type_whose_version_has_no_dictionary_is_rejected() -> None:
    text = "RefApplVerID(1130) 4 of the Logon is not supported"
    assert up(LOGON + GROUP.replace("1130=6", "1130=4")).receive(ORDER) == [
        f"> 35=3|34=2|45=2|371=1128|372=D|1130=4|373=18|58={text}|"
    ]


def test_reject_of_a_session_message_names_no_version() -> None:
    assert "|372=1|373=1|" in up().receive("35=1|34=2|")[0]


def test_fix_4_4_knows_no_versions() -> None:
    scene = Scene().up(logon="98=0|108=30|384=1|372=D|385=S|")
    assert scene.receive("35=D|34=2|43=Y|11=A|")[0].startswith("> 35=3|34=2|45=2|371=122|372=D|373=1|")


def test_2_r_business_reject_names_the_version_assumed() -> None:
    news = Fields(frame("35=B|34=2|148=x|"))
    versions = Versions(Fields(frame(f"35=A|34=1|{LOGON}")))
    text = unsupported(news, versions).decode().replace("\x01", "|")
    assert text == "35=j|45=2|372=B|1130=9|380=3|58=MsgType(35) B is not supported here|"
    assert "1130=" not in unsupported(news, None).decode()
