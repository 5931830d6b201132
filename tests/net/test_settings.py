"""What people are shown of a connection: where it goes and how it is protected, and no secret of its URL."""

import pytest

from engine.net.settings import protection, shown_address


@pytest.mark.parametrize(
    ("url", "shown", "said"),
    [
        ("wss://venue.test/ws", "wss://venue.test/ws", "TLS 1.2+, verified as venue.test"),
        ("wss://me:secret@venue.test:9/ws?token=secret#x", "wss://venue.test:9/ws", "TLS 1.2+, verified as venue.test"),
        ("ws://127.0.0.1:8080/ws", "ws://127.0.0.1:8080/ws", "plain TCP: feed.url begins with ws:"),
    ],
)
def test_address_is_shown_without_what_may_be_secret(url: str, shown: str, said: str) -> None:
    assert (shown_address(url), protection(url)) == (shown, said)
