"""Demo and production kept apart: hosts, ports, CompIDs and keys judged together."""

import pytest

from engine.venue import kalshi
from engine.venue.kalshi.environment import environment_of, session_file_problems

KEY_ID = "3f6c1e9a"
SOUND = {
    "ConnectionType": "initiator", "BeginString": "FIXT.1.1", "DefaultApplVerID": "FIX.5.0SP2", "SenderCompID": KEY_ID,
    "TargetCompID": "KalshiNR", "SocketConnectHost": "fix.demo.kalshi.co", "SocketConnectPort": "8228",
    "HeartBtInt": "5", "ResetOnLogon": "Y", "SocketUseSSL": "Y",
}  # fmt: skip
REAL_MONEY = 'environment: "prod" trades for real money; set i_mean_production = true where that is meant'


@pytest.mark.parametrize(
    ("host", "environment"),
    [
        ("fix.demo.kalshi.co", "demo"),
        ("FIX.DEMO.KALSHI.CO.", "demo"),
        ("mm.fix.elections.kalshi.com", "prod"),
        ("external-api.kalshi.com", "prod"),
        ("127.0.0.1", ""),
        ("kalshi.com.evil.example", ""),
        ("notkalshi.com", ""),
    ],
)
def test_host_is_of_its_environment(host: str, environment: str) -> None:
    assert environment_of(host) == environment


@pytest.mark.parametrize(
    ("environment", "hosts", "keys", "is_meant", "found"),
    [
        ("demo", {"feed.url": "demo-api.kalshi.co", "sim": "127.0.0.1"}, {}, False, []),
        ("prod", {"feed.url": "api.elections.kalshi.com"}, {}, True, []),
        ("prod", {}, {}, False, [REAL_MONEY]),
        ("", {"sim": "127.0.0.1"}, {"KalshiNR": "k1"}, False, []),
        (
            "",
            {"feed.url": "demo-api.kalshi.co", "sim": "127.0.0.1"},
            {"KalshiNR": "k1", "KalshiDC": "k1"},
            False,
            [
                'environment: missing, and feed.url is of demo; set it to "demo"',
                "KalshiNR and KalshiDC: have one API key; every FIX session needs its own",
            ],
        ),
        (
            "",
            {"feed.url": "api.elections.kalshi.com", "rest.url": "external-api.demo.kalshi.co"},
            {},
            True,
            ['environment: missing, and feed.url is of prod, rest.url is of demo; set it to "demo" or "prod"'],
        ),
        ("production", {}, {}, True, ['environment: "production" is neither "demo" nor "prod"']),
        (
            "demo",
            {"rest.url": "external-api.kalshi.com", "feed.url": "demo-api.kalshi.co"},
            {},
            True,
            ['rest.url: external-api.kalshi.com is of "prod", the environment is "demo"; correct one of them'],
        ),
        (
            "demo",
            {},
            {"KalshiNR": "k1", "KalshiMD": "k2", "KalshiDC": "k1"},
            False,
            ["KalshiNR and KalshiDC: have one API key; every FIX session needs its own"],
        ),
    ],
)
def test_what_is_mixed_is_named(
    environment: str, hosts: dict[str, str], keys: dict[str, str], is_meant: bool, found: list[str]
) -> None:
    assert kalshi.environment_problems(environment, hosts, keys, i_mean_production=is_meant) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://external-api.demo.kalshi.co/trade-api/v2", []),
        ("https://api.elections.kalshi.com/trade-api/v2/", []),
        ("http://127.0.0.1:9000/trade-api/v2", []),
        ("https://external-api.demo.kalshi.co", []),
        ("http://demo-api.kalshi.co/trade-api/v2", ["demo-api.kalshi.co is reached by https:// alone"]),
        ("https://demo-api.kalshi.co/v2", ["its path is /v2: Kalshi serves, and signs, /trade-api/v2; leave it out"]),
        (
            "https://external-api-ws.kalshi.com/trade-api/v2",
            ["external-api-ws.kalshi.com is no host of its REST API; use external-api.kalshi.com"],
        ),
    ],
)
def test_rest_address_is_judged(url: str, found: list[str]) -> None:
    assert kalshi.rest_problems(url, "") == found


def test_feed_address_of_another_service_is_named() -> None:
    assert kalshi.feed_problems("wss://external-api.kalshi.com/trade-api/ws/v2", "k") == [
        "external-api.kalshi.com serves no market data over WebSocket; use external-api-ws.kalshi.com"
    ]


def test_sound_session_has_no_problems() -> None:
    assert session_file_problems(SOUND, KEY_ID) == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("SenderCompID", "ME", f"SenderCompID=ME: Kalshi wants the id of the API key there; it is {KEY_ID}"),
        ("BeginString", "FIX.4.4", "BeginString=FIX.4.4: Kalshi speaks FIXT.1.1 alone"),
        ("DefaultApplVerID", "FIX.5.0", "DefaultApplVerID=FIX.5.0: Kalshi speaks FIX.5.0SP2 alone"),
        ("SenderSubID", "desk", "SenderSubID: the venue refuses a Logon that has it; remove it"),
        ("HeartBtInt", "3", "HeartBtInt=3: Kalshi takes 4 seconds or more"),
        ("HeartBtInt", "0", "HeartBtInt=0: Kalshi takes 4 seconds or more"),
        ("ResetOnLogon", "N", "KalshiNR takes no Logon without ResetSeqNumFlag(141); set it to Y"),
        ("LogonTag", "50=desk", "LogonTag=50=...: the venue refuses a Logon with SenderSubID; remove it"),
        ("LogonTag3", "8013=N", "the dialect writes it; set cancel_on_disconnect among the flags of the session"),
        ("SocketUseSSL", "N", "SocketUseSSL: Kalshi drops plain TCP; set it to Y"),
        ("SocketConnectPort", "8230", "port 8230 of fix.demo.kalshi.co: there is KalshiRT, KalshiNR is at 8228"),
        ("SocketConnectPort", "443", "nothing of Kalshi's is there, KalshiNR is at 8228"),
        ("SocketConnectHost", "marketdata.fix.demo.kalshi.co", "KalshiNR is at fix.demo.kalshi.co"),
        ("TargetCompID", "KALSHI", "TargetCompID=KALSHI: no session of Kalshi's; there are KalshiNR, KalshiDC"),
    ],
)
def test_session_file_that_the_venue_would_refuse_is_named(key: str, value: str, words: str) -> None:
    (problem,) = session_file_problems({**SOUND, key: value}, KEY_ID)
    assert words in problem


def test_hosts_of_both_environments_in_one_session_are_named() -> None:
    second = {"SocketConnectHost1": "mm.fix.elections.kalshi.com", "SocketConnectPort1": "8228"}
    assert session_file_problems({**SOUND, **second}, KEY_ID) == [
        "SocketConnectHost, SocketConnectHost1: are of both environments; a key is of one alone"
    ]


def test_simulated_venue_may_stand_at_any_port_in_clear() -> None:
    local = {**SOUND, "SocketConnectHost": "127.0.0.1", "SocketConnectPort": "5201", "SocketUseSSL": "N"}
    assert session_file_problems(local, KEY_ID) == []
    other = {**local, "TargetCompID": "SIMVENUE", "BeginString": "FIX.4.4"}
    assert session_file_problems(other, KEY_ID) == []
    assert len(session_file_problems(other, "another")) == 1


def test_session_that_keeps_its_numbers_need_not_reset() -> None:
    retransmitting = {**SOUND, "TargetCompID": "KalshiRT", "SocketConnectPort": "8230", "ResetOnLogon": "N"}
    assert session_file_problems(retransmitting, KEY_ID) == []


def test_flags_are_judged_with_the_session_that_they_are_for() -> None:
    assert session_file_problems(SOUND, KEY_ID, {"listener": True}) == []
    (problem,) = session_file_problems(SOUND, KEY_ID, {"retention_hours": 24})
    assert problem.startswith("session.flags: retention_hours: KalshiNR has no such flag")
