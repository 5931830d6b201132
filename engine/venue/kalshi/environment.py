"""The venue's two environments: which hosts belong to which, and whether a configuration mixes them.

Every judgement returns its problems as text, each with what to do; none is raised.

Source  Kalshi REST and WebSocket, hosts; FIX, endpoints, TLS, Logon.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.session.file.security import wants_tls
from engine.venue.kalshi.fix.kinds import BY_COMP_ID, BY_PORT, DEMO, ENVIRONMENTS, PROD, KalshiKind
from engine.venue.kalshi.fix.logon import FLAG_NAMES, Flags, flag_problems

HOSTS = (".kalshi.com", ".kalshi.co")
REST_PATH = "/trade-api/v2"
REST_HOSTS = {
    PROD: ("external-api.kalshi.com", "api.elections.kalshi.com"),
    DEMO: ("external-api.demo.kalshi.co", "demo-api.kalshi.co"),
}
FEED_HOSTS = {
    PROD: ("external-api-ws.kalshi.com", "api.elections.kalshi.com"),
    DEMO: ("external-api-ws.demo.kalshi.co", "demo-api.kalshi.co"),
}
_DOMAINS = {".kalshi.com": PROD, ".kalshi.co": DEMO}
MARKET_DATA = "KalshiMD"
_LEAST_HEART_BT_INT = 4
_APPLICATION = ("9", "FIX.5.0SP2")
_LOGON_OWN = {50: "the venue refuses a Logon with SenderSubID", 96: "the signature is made here"}


def environments() -> dict[str, dict[str, str]]:
    """Return what a first configuration needs to know of each environment."""
    return {name: {"rest_host": REST_HOSTS[name][0], "feed_host": FEED_HOSTS[name][0]} for name in ENVIRONMENTS}


def environment_of(host: str) -> str:
    """Return the environment that a host of the venue belongs to; "" for any other host."""
    host = host.rstrip(".").lower()
    return next((environment for domain, environment in _DOMAINS.items() if host.endswith(domain)), "")


def environment_problems(
    environment: str,
    hosts: Mapping[str, str],
    keys: Mapping[str, str] | None = None,
    *,
    i_mean_production: bool = False,
) -> list[str]:
    """Return what is wrong with an environment and all that is to be used in it.

    `hosts` and `keys` are the host of each connection and the key id of each FIX session, by the name under which a
    person knows them. Without a host of the venue's, as at a simulator, there need not be an environment.
    """
    venue = {name: environment_of(host) for name, host in hosts.items() if environment_of(host)}
    if not environment:
        return _undeclared(venue) + _shared_keys(keys or {})
    if environment not in ENVIRONMENTS:
        return [f'environment: "{environment}" is neither "{DEMO}" nor "{PROD}"']
    found = []
    for name, host in hosts.items():
        other = environment_of(host)
        if other and other != environment:
            found.append(f'{name}: {host} is of "{other}", the environment is "{environment}"; correct one of them')
    if environment == PROD and not i_mean_production:
        found.append('environment: "prod" trades for real money; set i_mean_production = true where that is meant')
    return found + _shared_keys(keys or {})


def _undeclared(venue: Mapping[str, str]) -> list[str]:
    """Return what is wrong with hosts of the venue where nobody says which environment is meant."""
    if not venue:
        return []
    where = ", ".join(f"{name} is of {environment}" for name, environment in venue.items())
    meant = " or ".join(f'"{name}"' for name in sorted(set(venue.values())))
    return [f"environment: missing, and {where}; set it to {meant}"]


def _shared_keys(keys: Mapping[str, str]) -> list[str]:
    """Return which connections would throw each other out: the venue keeps one FIX session a key."""
    users: dict[str, list[str]] = {}
    for name, key_id in keys.items():
        if key_id:
            users.setdefault(key_id, []).append(name)
    sessions = [names for names in users.values() if len(names) > 1]
    return [f"{' and '.join(names)}: have one API key; every FIX session needs its own" for names in sessions]


def rest_problems(url: str, key_id: str) -> list[str]:
    """Return why the venue would refuse requests to `url`; public reads need no key."""
    address = urlsplit(url)
    host = address.hostname or ""
    found = []
    if address.path.rstrip("/") not in ("", REST_PATH):
        found.append(f"its path is {address.path}: Kalshi serves, and signs, {REST_PATH}; leave it out")
    if host.endswith(HOSTS) and address.scheme != "https":
        found.append(f"{host} is reached by https:// alone")
    if (environment := environment_of(host)) and host not in REST_HOSTS[environment]:
        found.append(f"{host} is no host of its REST API; use {REST_HOSTS[environment][0]}")
    return found


def session_file_problems(values: Mapping[str, str], key_id: str, flags: Flags | None = None) -> list[str]:
    """Return why the venue would refuse a session with these values of a session file, by key, and these flags."""
    target = values.get("TargetCompID", "")
    kind = BY_COMP_ID.get(target)
    hosts = {key: host for key, host in values.items() if key.startswith("SocketConnectHost")}
    is_venue = any(environment_of(host) for host in hosts.values())
    if kind is None:
        known = ", ".join(BY_COMP_ID)
        return (
            [f"TargetCompID={target}: no session of Kalshi's; there are {known}"]
            if is_venue
            else _wrong_sender(values, key_id)
        )
    found = [*_wrong_identity(values, key_id), *_wrong_logon(values, kind)]
    found += [f"session.flags: {text}" for text in flag_problems(kind, flags or {})]
    if is_venue:
        found += _wrong_address(values, hosts, kind)
    return found


def feed_session_problems(values: Mapping[str, str], key_id: str) -> list[str]:
    """Return why the venue would refuse a session of market data, or send none over it."""
    target = values.get("TargetCompID", "")
    if target in BY_COMP_ID and target != MARKET_DATA:
        return [f"TargetCompID={target}: sends no market data; use {MARKET_DATA}"]
    return session_file_problems(values, key_id)


def _wrong_sender(values: Mapping[str, str], key_id: str) -> list[str]:
    sender = values.get("SenderCompID", "")
    if not key_id or sender == key_id:
        return []
    return [f"SenderCompID={sender}: Kalshi wants the id of the API key there; it is {key_id}"]


def _wrong_identity(values: Mapping[str, str], key_id: str) -> list[str]:
    found = _wrong_sender(values, key_id)
    begin_string = values.get("BeginString", "")
    if begin_string != "FIXT.1.1":
        found.append(f"BeginString={begin_string}: Kalshi speaks FIXT.1.1 alone")
    elif (version := values.get("DefaultApplVerID", "")) not in _APPLICATION:
        found.append(f"DefaultApplVerID={version}: Kalshi speaks FIX.5.0SP2 alone")
    if "SenderSubID" in values:
        found.append("SenderSubID: the venue refuses a Logon that has it; remove it")
    return found


def _wrong_logon(values: Mapping[str, str], kind: KalshiKind) -> list[str]:
    found = []
    seconds = values.get("HeartBtInt", "30").lstrip("0") or "0"
    if seconds.isdigit() and int(seconds) < _LEAST_HEART_BT_INT:
        found.append(f"HeartBtInt={seconds}: Kalshi takes {_LEAST_HEART_BT_INT} seconds or more")
    if kind.resets and values.get("ResetOnLogon") != "Y":
        found.append(f"ResetOnLogon: {kind.target_comp_id} takes no Logon without ResetSeqNumFlag(141); set it to Y")
    for key, value in values.items():
        tag = value.partition("=")[0] if key.startswith("LogonTag") else ""
        if tag.isdigit() and (why := _why_not_there(int(tag))):
            found.append(f"{key}={tag}=...: {why}; remove it")
    return found


def _why_not_there(tag: int) -> str:
    """Say why a field of Logon may not stand in a session file; "" where it may."""
    name = next((name for name, flag in FLAG_NAMES.items() if flag == tag), "")
    own = f"the dialect writes it; set {name} among the flags of the session" if name else ""
    return _LOGON_OWN.get(tag, own)


def _wrong_address(values: Mapping[str, str], hosts: Mapping[str, str], kind: KalshiKind) -> list[str]:
    found = []
    if not wants_tls(values):
        found.append("SocketUseSSL: Kalshi drops plain TCP; set it to Y")
    for key, host in hosts.items():
        environment = environment_of(host)
        if environment and host.rstrip(".").lower() != kind.hosts[environment]:
            found.append(f"{key}={host}: {kind.target_comp_id} is at {kind.hosts[environment]}")
        port = values.get(f"SocketConnectPort{key.removeprefix('SocketConnectHost')}", "")
        if environment and port != str(kind.port):
            there = BY_PORT.get(int(port) if port.isdigit() else 0)
            whose = f"there is {there.target_comp_id}" if there else "nothing of Kalshi's is there"
            found.append(f"port {port} of {host}: {whose}, {kind.target_comp_id} is at {kind.port}")
    if len({environment_of(host) for host in hosts.values()} - {""}) > 1:
        found.append(f"{', '.join(hosts)}: are of both environments; a key is of one alone")
    return found


def feed_host_problems(host: str) -> list[str]:
    """Return why no market data come from a host of the venue."""
    environment = environment_of(host)
    if not environment or host.lower() in FEED_HOSTS[environment]:
        return []
    return [f"{host} serves no market data over WebSocket; use {FEED_HOSTS[environment][0]}"]
