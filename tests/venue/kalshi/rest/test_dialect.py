"""Signatures, refusals in each form that the venue has, rates."""

import base64

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import DecodeError
from engine.runtime.private_keys import KeyFileError
from engine.venue import kalshi
from engine.venue.kalshi.rest.dialect import KalshiRest, refusal_of, refusal_of_item
from engine.venue.kalshi.rest.operations import orders
from engine.venue.kalshi.signing import SigningKey
from engine.venue.rest import Call, RestAnswer, RestRefusal, TokenLimits
from tests.support.key_files import pem

KEY_ID = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"
KEY = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DIALECT = KalshiRest(SigningKey(KEY_ID, KEY))
NOW_NS = 1_795_444_200_123_456_789


def answer(status: int, body: bytes = b"") -> RestAnswer:
    return RestAnswer(status=status, body=body)


def test_signature_is_over_time_method_and_the_encoded_path_alone() -> None:
    request = orders.order("a/b c").request
    headers = DIALECT.sign(request, NOW_NS)
    signature = base64.b64decode(headers.pop("KALSHI-ACCESS-SIGNATURE"), validate=True)
    KEY.public_key().verify(signature, b"1795444200123GET/trade-api/v2/portfolio/orders/a%2Fb%20c")
    assert headers == {"KALSHI-ACCESS-KEY": KEY_ID, "KALSHI-ACCESS-TIMESTAMP": "1795444200123"}


def test_query_is_not_signed() -> None:
    plain, filtered = orders.orders().following(""), orders.orders(status="resting").following("next")
    assert DIALECT.sign(plain, NOW_NS) == DIALECT.sign(filtered, NOW_NS)


def test_without_a_key_nothing_is_signed_and_no_limits_are_asked_for() -> None:
    dialect = kalshi.rest("", b"")
    assert dialect.sign(orders.order("1").request, NOW_NS) == {}
    assert dialect.limits() is None
    assert dialect.costs() is not None


def test_key_is_read_from_pem() -> None:
    dialect = kalshi.rest(KEY_ID, pem(KEY))
    assert dialect.sign(orders.order("1").request, NOW_NS) == DIALECT.sign(orders.order("1").request, NOW_NS)


@pytest.mark.parametrize(("key_id", "key"), [(KEY_ID, b""), ("", pem(KEY))])
def test_half_of_a_key_is_refused(key_id: str, key: bytes) -> None:
    with pytest.raises(KeyFileError, match="half of an API key"):
        kalshi.rest(key_id, key)


REFUSALS = [
    (b'{"error":{"code":"order_already_exists","message":"order already exists"}}', "order_already_exists"),
    (b'{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross"}}', "invalid_order"),
    (b'{"code":"bad_request","message":"bad request","details":"count is no text"}', "bad_request"),
    (b'{"msg":"unauthorized"}', ""),
    (b'{"error":"too many requests"}', "too_many_requests"),
    (b'{"code":"a","message":"b","error":{"code":"a","message":"b"}}', "a"),
    (b'{"code":7,"message":"b"}', "7"),
    (b"<html>bad gateway</html>", ""),
    (b"", ""),
    (b"null", ""),
    (b"[1]", ""),
    (b"\xff\xfe", ""),
    (b"{" * 10_000, ""),
]


@pytest.mark.parametrize(("body", "code"), REFUSALS)
def test_code_of_a_refusal_is_read_whatever_its_form(body: bytes, code: str) -> None:
    found = DIALECT.refusal(answer(400, body))
    assert found.code == code
    assert found.text
    assert len(found.text) < 1_000


def test_details_stand_behind_the_message() -> None:
    assert refusal_of(REFUSALS[1][0]) == RestRefusal("invalid_order", "invalid order: post only cross")
    assert refusal_of(b'{"code":"a","message":"b","details":{"at":[1]}}').text == "b: {'at': [1]}"
    assert refusal_of(b'{"msg":"unauthorized"}').text == "unauthorized"
    assert refusal_of(b'{"code":"alone"}') == RestRefusal("alone", "alone")
    assert refusal_of_item({"code": "a", "message": "b"}) == RestRefusal("a", "b")


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: st.dictionaries(st.sampled_from(["error", "code", "message", "details", "msg"]), x),
    ).map(msgspec.json.encode)
)
def test_no_body_is_too_odd_for_a_refusal(body: bytes) -> None:
    found = refusal_of(body)
    assert found.text and found.text.isprintable() and found.code.isprintable()


@pytest.mark.parametrize(
    ("status", "body", "is_limited"),
    [
        (429, b'{"error":"too many requests"}', True),
        (429, b'{"error":{"code":"too_many_requests","message":"too many requests"}}', True),
        (429, b"", True),
        (400, b'{"error":{"code":"too_many_requests"}}', True),
        (503, b'{"error":{"code":"too_many_requests"}}', False),
        (400, b'{"error":{"code":"invalid_order"}}', False),
    ],
)
def test_rate_refusals_are_known(status: int, body: bytes, is_limited: bool) -> None:
    assert DIALECT.is_limited(answer(status, body)) is is_limited


def test_limits_and_costs_are_what_the_client_counts() -> None:
    call = DIALECT.limits()
    assert isinstance(call, Call)
    body = (
        b'{"usage_tier":"advanced","read":{"refill_rate":300,"bucket_capacity":900},'
        b'"write":{"refill_rate":200,"bucket_capacity":600},"grants":null}'
    )
    assert call.read(body) == TokenLimits(300, 900, 200, 600, "advanced")
    with pytest.raises(DecodeError, match="get_account_api_limits.write: is missing"):
        call.read(b'{"usage_tier":"advanced","read":{"refill_rate":300,"bucket_capacity":900}}')
    costs = DIALECT.costs()
    assert costs is not None
    path = "/trade-api/v2/portfolio/events/orders/:order_id"
    read = costs.read(
        b'{"default_cost":10,"endpoint_costs":[{"method":"delete","path":"%s","cost":2}]}' % path.encode()
    )
    assert read == {("DELETE", path): 2}
