"""What happens to a request before and after it is carried out: signatures, tokens, sizes, faults, error bodies."""

import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.exchange.marketplace import Marketplace
from engine.sim.keys import KeyRing, SimAuthority, SimKey, client_context, server_context
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.faults import RestFault, RestFaultKind
from engine.sim.rest.operations import PUBLIC, READ, TRADE, Asked, Limit1000, Operation, Query
from engine.sim.rest.refusals import ErrorShape, not_found
from engine.sim.rest.settings import RestServerSettings
from engine.sim.rest.tokens import TIERS, MemberTokens
from engine.venue.kalshi.signing import SigningKey
from tests.support.sim.rest_site import RestSite, SignedClient, new_key

NS = 1_000_000_000


class ListQuery(Query, frozen=True, kw_only=True):
    limit: Limit1000 = 100
    cursor: str = ""
    tickers: list[str] = []
    active: bool = False


class Written(msgspec.Struct, kw_only=True):
    count: str
    exchange_index: int | None = None


def show(ask: Asked[ListQuery, None]) -> object:
    query = ask.query
    return {"member": ask.member, "limit": query.limit, "tickers": query.tickers, "active": query.active, "cursor": ""}


def write(ask: Asked[Query, Written]) -> object:
    DONE.append((ask.path.get("name", ""), ask.body.count))
    return {"status": "resting", "count": ask.body.count}


def fail(ask: Asked[Query, None]) -> object:
    raise ZeroDivisionError


def missing(ask: Asked[Query, None]) -> object:
    raise not_found(f"thing {ask.path['name']}")


DONE: list[tuple[str, str]] = []
OPERATIONS = (
    Operation(name="get_things", method="GET", path="/things", run=show, query=ListQuery, scope=PUBLIC),
    Operation(name="get_mine", method="GET", path="/mine", run=show, query=ListQuery),
    Operation(name="get_thing", method="GET", path="/things/{name}", run=missing, scope=PUBLIC),
    Operation(name="write_thing", method="POST", path="/things/{name}", run=write, body=Written,
              scope=TRADE, status=201),
    Operation(name="delete_thing", method="DELETE", path="/things", run=lambda ask: None,
              scope=TRADE, status=204, cost=2),
    Operation(name="fail", method="GET", path="/fail", run=fail, scope=PUBLIC),
    Operation(name="get_state", method="GET", path="/state", run=lambda ask: {"up": True}, scope=PUBLIC,
              broken=lambda ask: {"up": False}),
)  # fmt: skip


class World:
    """A venue of which only the keys and the tokens are real, and its server."""

    def __init__(self, folder: Path, settings: RestServerSettings | None = None) -> None:
        self.now_ns = time.time_ns()
        self.keys = KeyRing()
        self.tokens = MemberTokens(lambda: self.now_ns)
        venue = VenueAccess(
            place=Marketplace(),
            keys=self.keys,
            tokens=self.tokens,
            tell=lambda events: None,
            now_ns=lambda: self.now_ns,
        )
        self.folder = folder
        self.site = RestSite(venue, OPERATIONS, settings)

    def client(self, **more: Any) -> SignedClient:
        known, key = new_key(self.folder, "ann", **more)
        self.keys.add(known)
        return self.client_of(key)

    def client_of(self, key: SigningKey | None) -> SignedClient:
        return Clocked(self.site.port, key, self)


class Clocked(SignedClient):
    def __init__(self, port: int, key: SigningKey | None, world: World) -> None:
        super().__init__(port, key)
        self.world = world

    def send(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        return super().send(method, path, body, **{"now_ns": self.world.now_ns, **more})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    DONE.clear()
    made = World(tmp_path)
    with made.site:
        yield made


def code(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json["code"]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_signed_request_is_its_members(world: World, kind: str) -> None:
    assert world.client(kind=kind).get("/mine")["member"] == "ann"


def test_public_request_needs_no_key_and_a_private_one_does(world: World) -> None:
    stranger = world.client_of(None)
    assert stranger.get("/things")["member"] == ""
    assert code(stranger.send("GET", "/mine")) == (401, "missing_header")


@pytest.mark.parametrize("path", ["/mine", "/things"])
def test_wrong_signature_is_refused_even_where_none_is_needed(world: World, path: str) -> None:
    known, key = new_key(world.folder, "ann")
    other, _ = new_key(world.folder, "ann")
    world.keys.add(SimKey(known.key_id, "ann", other.public_key))
    assert code(world.client_of(key).send("GET", path)) == (401, "authentication_error")


def test_key_that_nobody_knows_is_refused(world: World) -> None:
    _, key = new_key(world.folder, "ann")
    assert code(world.client_of(key).send("GET", "/mine")) == (401, "authentication_error")


def test_signature_is_over_the_encoded_path_and_without_the_query(world: World) -> None:
    client = world.client()
    answer = client.send("GET", "/things/a%2Fb%20c?x=1%2F2")
    assert (answer.status, answer.json["details"]) == (404, "thing a/b c not found")


def test_signature_of_another_method_or_path_is_refused(world: World) -> None:
    known, key = new_key(world.folder, "ann")
    world.keys.add(known)
    for method, path in (("POST", "/mine"), ("GET", "/mine/"), ("GET", "/mine?limit=1&x=")):
        headers = key.http_headers(method, "/trade-api/v2" + path, world.now_ns)
        status = world.client_of(key).send("GET", "/mine?limit=1", headers=headers).status
        assert status == (200 if path.startswith("/mine?") else 401)


@pytest.mark.parametrize(("offset_s", "status"), [(-60, 401), (-9, 200), (0, 200), (9, 200), (60, 401)])
def test_clock_may_be_off_by_the_tolerance_and_no_more(world: World, offset_s: int, status: int) -> None:
    answer = world.client().send("GET", "/mine", now_ns=world.now_ns + offset_s * NS)
    assert answer.status == status
    if status == 401:
        assert answer.json["code"] == "header_timestamp_expired"


@pytest.mark.parametrize("text", ["", "now", "-5", "1e13", "9" * 40, "\u0661\u0662"])
def test_timestamp_that_is_no_number_is_refused(world: World, text: str) -> None:
    known, key = new_key(world.folder, "ann")
    world.keys.add(known)
    headers = {**key.http_headers("GET", "/trade-api/v2/mine", world.now_ns)}
    headers["KALSHI-ACCESS-TIMESTAMP"] = text.encode().decode("latin-1")
    assert world.client_of(key).send("GET", "/mine", headers=headers).status == 401


@pytest.mark.parametrize("left_out", ["KEY", "TIMESTAMP", "SIGNATURE"])
def test_header_that_is_missing_is_named(world: World, left_out: str) -> None:
    known, key = new_key(world.folder, "ann")
    world.keys.add(known)
    headers = key.http_headers("GET", "/trade-api/v2/things", world.now_ns)
    del headers[f"KALSHI-ACCESS-{left_out}"]
    answer = world.client_of(key).send("GET", "/things", headers=headers)
    assert answer.status == 401
    assert left_out in answer.json["details"]


def test_same_request_may_come_again(world: World) -> None:
    known, key = new_key(world.folder, "ann")
    world.keys.add(known)
    headers = key.http_headers("DELETE", "/trade-api/v2/things", world.now_ns)
    client = world.client_of(key)
    assert [client.send("DELETE", "/things", headers=headers).status for _ in range(4)] == [204] * 4


def test_scope_that_is_missing_is_named(world: World) -> None:
    reader = world.client(scopes=frozenset((READ,)))
    answer = reader.send("POST", "/things/a", {"count": "1"})
    assert code(answer) == (403, "insufficient_scope")
    assert TRADE in answer.json["details"]
    assert DONE == []
    trader = world.client(scopes=frozenset((READ, TRADE)))
    assert trader.send("POST", "/things/a", {"count": "1"}).status == 201


def test_tokens_run_out_and_come_back(world: World) -> None:
    client = world.client()
    most = TIERS["basic"].write * 3 // 10
    statuses = [client.send("POST", "/things/a", {"count": "1"}).status for _ in range(most + 2)]
    assert statuses == [201] * most + [429] * 2
    assert client.send("GET", "/mine").status == 200  # reads have their own
    world.now_ns += NS // 10
    last = [client.send("POST", "/things/a", {"count": "1"}) for _ in range(2)]
    assert [answer.status for answer in last] == [201, 429]
    assert last[1].json["error"] == {"code": "too_many_requests", "message": "too many requests"}
    assert "retry-after" not in last[1].headers
    assert client.send("POST", "/things/a", {"count": "1", "exchange_index": 2}).status == 201  # a shard's own bucket


def test_address_without_a_key_has_its_own_bound(tmp_path: Path) -> None:
    world = World(tmp_path, RestServerSettings(public_per_second=2))
    with world.site:
        stranger = world.client_of(None)
        assert [stranger.send("GET", "/things").status for _ in range(3)] == [200, 200, 429]
        assert world.client().send("GET", "/things").status == 200


@pytest.mark.parametrize(
    ("query", "names"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("limit=many", "limit"), ("active=perhaps", "active")],
)
def test_parameter_that_does_not_fit_is_named(world: World, query: str, names: str) -> None:
    answer = world.client_of(None).send("GET", f"/things?{query}")
    assert answer.status == 400
    assert names in answer.json["details"]


def test_parameters_are_read_in_every_form_that_clients_use(world: World) -> None:
    answer = world.client_of(None).get("/things?limit=5&tickers=A&tickers=B%2FC&active=true&cursor=&unknown=1")
    assert answer == {"member": "", "limit": 5, "tickers": ["A", "B/C"], "active": True, "cursor": ""}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "object"),
        (b'{"count":1}', "count"),
        (b'{"count":null}', "count"),
    ],
)
def test_body_that_does_not_fit_says_why(world: World, raw: bytes, words: str) -> None:
    answer = world.client().send("POST", "/things/a", raw=raw)
    assert code(answer) == (400, "bad_request")
    assert words in answer.json["details"]
    assert DONE == []


def test_field_that_is_missing_has_a_code_of_its_own(world: World) -> None:
    answer = world.client().send("POST", "/things/a", {})
    assert code(answer) == (400, "missing_parameters")
    assert "count" in answer.json["details"]


def test_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, RestServerSettings(most_bytes=100))
    with world.site:
        assert code(world.client().send("POST", "/things/a", raw=b" " * 101)) == (413, "body_too_large")


def raw(port: int, *pieces: bytes) -> bytes:
    """Send bytes as they are and return all that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received


HEAD = b"POST /trade-api/v2/things/a HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n"


def test_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    world = World(tmp_path, RestServerSettings(body_seconds=0.05))
    with world.site:
        assert b"408" in raw(world.site.port, HEAD + b'{"count"').partition(b"\r\n")[0]
    assert DONE == []


def test_client_that_leaves_in_its_body_asked_for_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", world.site.port), timeout=30) as connection:
        connection.sendall(HEAD + b'{"count"')
    deadline = time.monotonic() + 30
    while ("write_thing", 400) not in world.site.server.counts and time.monotonic() < deadline:
        time.sleep(0.01)
    assert world.site.server.counts == {("write_thing", 400): 1}
    assert DONE == []
    assert caplog.text == ""


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET /trade-api/v2/things HTTP/9.9\r\n\r\n",
     b"GET /trade-api/v2/things HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n"],
)  # fmt: skip
def test_bytes_that_are_no_request_end_their_connection_alone(world: World, garbage: bytes) -> None:
    assert raw(world.site.port, garbage).startswith(b"HTTP/1.")
    assert world.client().get("/mine")["member"] == "ann"


def test_path_and_method_that_nobody_has_are_told_apart(world: World) -> None:
    client = world.client()
    paths = (("GET", "/nothing"), ("GET", "/things/"), ("GET", ""), ("PUT", "/things"), ("GET", "/../v2/things"))
    assert [client.send(*pair).status for pair in paths] == [404, 404, 404, 405, 404]
    assert "GET" in client.send("PUT", "/things").json["details"]


def test_failure_inside_is_told_and_answered(world: World, caplog: pytest.LogCaptureFixture) -> None:
    assert code(world.client_of(None).send("GET", "/fail")) == (500, "internal_error")
    assert "ZeroDivisionError" in caplog.text


def test_answers_are_counted(world: World) -> None:
    stranger = world.client_of(None)
    for path in ("/things", "/things", "/things?limit=0", "/nothing"):
        stranger.send("GET", path)
    assert world.site.server.counts == {("get_things", 200): 2, ("get_things", 400): 1, ("none", 404): 1}


@pytest.mark.parametrize("shape", ErrorShape)
def test_error_body_has_the_shape_that_is_chosen(tmp_path: Path, shape: ErrorShape) -> None:
    world = World(tmp_path, RestServerSettings(error_shape=shape))
    flat = {"code": "not_found", "message": "not found", "details": "thing a not found"}
    with world.site:
        assert (
            world.client_of(None).send("GET", "/things/a").json
            == {
                ErrorShape.BOTH: {**flat, "error": flat},
                ErrorShape.FLAT: flat,
                ErrorShape.NESTED: {"error": flat},
                ErrorShape.BARE: {"msg": "thing a not found"},
            }[shape]
        )


REFUSING = {
    RestFaultKind.BAD_REQUEST: (400, "bad_request"),
    RestFaultKind.CLOCK: (401, "header_timestamp_expired"),
    RestFaultKind.SIGNATURE: (401, "authentication_error"),
    RestFaultKind.SCOPE: (403, "insufficient_scope"),
    RestFaultKind.LOCATION: (403, "location_attestation_expired"),
    RestFaultKind.NOT_FOUND: (404, "not_found"),
    RestFaultKind.CONFLICT: (409, "order_already_exists"),
    RestFaultKind.GONE: (410, "deprecated_v1_order_endpoint"),
    RestFaultKind.LIMITED: (429, "too_many_requests"),
    RestFaultKind.INTERNAL: (500, "internal_error"),
    RestFaultKind.UNAVAILABLE: (503, "service_unavailable"),
}


@pytest.mark.parametrize("is_applied", [False, True])
@pytest.mark.parametrize("kind", REFUSING)
def test_fault_answers_an_error_once(world: World, kind: RestFaultKind, is_applied: bool) -> None:
    client = world.client()
    world.site.server.faults.inject(RestFault(kind=kind, operation="write_thing", is_applied=is_applied))
    assert client.send("GET", "/mine").status == 200
    assert code(client.send("POST", "/things/a", {"count": "1"})) == REFUSING[kind]
    assert [("a", "1")] * is_applied == DONE
    assert client.send("POST", "/things/b", {"count": "1"}).status == 201


def test_fault_befalls_as_many_requests_of_its_member_as_it_says(world: World) -> None:
    client = world.client()
    world.site.server.faults.inject(RestFault(kind=RestFaultKind.INTERNAL, member="bob"))
    world.site.server.faults.inject(RestFault(kind=RestFaultKind.LIMITED, member="ann", count=2, retry_after=3))
    answers = [client.send("GET", "/mine") for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"


def test_broken_answers_are_broken_as_asked(world: World) -> None:
    client = world.client()
    inject = world.site.server.faults.inject
    inject(RestFault(kind=RestFaultKind.TRUNCATED))
    cut = client.send("POST", "/things/a", {"count": "1"})
    assert (cut.status, cut.body) == (201, b'{"status":"resti')
    inject(RestFault(kind=RestFaultKind.UNKNOWN_ENUM))
    assert client.send("POST", "/things/a", {"count": "1"}).json == {"status": "value_of_tomorrow", "count": "1"}
    inject(RestFault(kind=RestFaultKind.REPEAT_PAGE))
    assert client.get("/things?cursor=abc")["cursor"] == "abc"
    inject(RestFault(kind=RestFaultKind.NOT_JSON))
    page = client.send("GET", "/things")
    assert (page.status, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    inject(RestFault(kind=RestFaultKind.SLOW, delay_ms=20))
    began = time.monotonic()
    assert client.get("/things")
    assert time.monotonic() - began >= 0.02
    assert len(DONE) == 2


def test_dropped_connection_leaves_the_request_carried_out(world: World) -> None:
    client = world.client()
    world.site.server.faults.inject(RestFault(kind=RestFaultKind.DROP))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.send("POST", "/things/a", {"count": "1"})
    assert DONE == [("a", "1")]


@pytest.mark.parametrize("kind", [RestFaultKind.INTERNAL, RestFaultKind.UNAVAILABLE])
def test_answer_with_a_shape_of_its_own_keeps_it_when_it_fails(world: World, kind: RestFaultKind) -> None:
    world.site.server.faults.inject(RestFault(kind=kind))
    answer = world.client_of(None).send("GET", "/state")
    assert (answer.status, answer.json) == (REFUSING[kind][0], {"up": False})


def test_faults_of_the_settings_hold_from_the_start(tmp_path: Path) -> None:
    world = World(tmp_path, RestServerSettings(faults=(RestFault(kind=RestFaultKind.INTERNAL),)))
    with world.site:
        assert [world.client_of(None).send("GET", "/things").status for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_requests_pass_over_tls_and_connections_are_kept(tmp_path: Path, kind: str) -> None:
    files = SimAuthority(tmp_path).issue()
    world = World(tmp_path)
    world.site.server._ssl_context = server_context(files)
    with world.site:
        known, key = new_key(tmp_path, "ann", kind)
        world.keys.add(known)
        connection = http.client.HTTPSConnection("localhost", world.site.port, context=client_context(files))
        for _ in range(2):
            target = "/trade-api/v2/mine"
            connection.request("GET", target, headers=key.http_headers("GET", target, world.now_ns))
            response = connection.getresponse()
            assert (response.status, response.headers["content-type"]) == (200, "application/json")
            response.read()
            assert connection.sock is not None
        connection.close()
