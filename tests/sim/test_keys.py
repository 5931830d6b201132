"""Keys and certificates that a simulated venue makes for itself."""

import base64
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from engine.runtime.private_keys import KeyFileError
from engine.sim.keys import (
    KeyRing,
    SimAuthority,
    SimKey,
    client_context,
    is_signed,
    make_key,
    make_pem_pair,
    parse_public_key,
    server_context,
)
from engine.venue.kalshi.signing import load_credentials

MESSAGE = b"1795444200000POST/trade-api/v2/portfolio/events/orders"


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_every_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    files = SimAuthority(tmp_path).issue()
    key = make_key(tmp_path)
    assert [mode(file) for file in (*files, key.file)] == [0o600] * 4


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_client_that_trusts_the_authority_talks_to_either_name(tmp_path: Path, host: str) -> None:
    files = SimAuthority(tmp_path).issue()
    near, far = socket.socketpair()

    def serve() -> None:
        with server_context(files).wrap_socket(far, server_side=True) as served:
            served.sendall(b"here")

    server = threading.Thread(target=serve)
    server.start()
    with client_context(files).wrap_socket(near, server_hostname=host) as client:
        assert client.recv(4) == b"here"
    server.join()


def test_client_refuses_another_name_and_another_authority(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files = SimAuthority(tmp_path).issue()
    other = SimAuthority(tmp_path / "other").issue()
    for context, host in ((client_context(files), "kalshi.com"), (client_context(other), "localhost")):
        near, far = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(near, far, server_hostname=host)
        server = server_context(files).wrap_bio(far, near, server_side=True)
        with pytest.raises(ssl.SSLCertVerificationError):
            for _ in range(3):
                for side in (client, server):
                    try:
                        side.do_handshake()
                    except ssl.SSLWantReadError:
                        continue


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_engine_signs_with_the_key_that_the_venue_knows(tmp_path: Path, kind: str) -> None:
    key = make_key(tmp_path, kind)
    signature = load_credentials(key.key_id, key.file).sign(MESSAGE.decode())
    assert is_signed(key.public_key, MESSAGE, signature)
    assert not is_signed(key.public_key, MESSAGE + b"/", signature)
    assert not is_signed(make_key(tmp_path, kind).public_key, MESSAGE, signature)


@pytest.mark.parametrize("salt", [0, 20, 32, 222])
def test_salt_of_any_length_is_taken(tmp_path: Path, salt: int) -> None:
    key = make_key(tmp_path, "rsa")
    private = load_pem_private_key(key.file.read_bytes(), None)
    assert isinstance(private, RSAPrivateKey)
    signature = private.sign(MESSAGE, PSS(MGF1(SHA256()), salt), SHA256())
    assert is_signed(key.public_key, MESSAGE, base64.b64encode(signature).decode())


def test_wrong_padding_is_no_signature(tmp_path: Path) -> None:
    key = make_key(tmp_path, "rsa")
    private = load_pem_private_key(key.file.read_bytes(), None)
    assert isinstance(private, RSAPrivateKey)
    signature = private.sign(MESSAGE, PKCS1v15(), SHA256())
    assert not is_signed(key.public_key, MESSAGE, base64.b64encode(signature).decode())


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "AAA", "-_-_"])
def test_text_that_is_no_signature_is_refused(kind: str, signature: str) -> None:
    assert not is_signed(parse_public_key(make_pem_pair(kind)[1]), MESSAGE, signature)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_pair_as_text_belongs_together(kind: str) -> None:
    private_pem, public_pem = make_pem_pair(kind)
    private = load_pem_private_key(private_pem.encode(), None)
    assert isinstance(private, RSAPrivateKey | Ed25519PrivateKey)
    spki = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert private.public_key().public_bytes(*spki) == public_pem.encode()


def test_public_key_of_another_kind_is_refused_in_words() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    short = generate_private_key(public_exponent=65537, key_size=1024).public_key()
    spki = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for pem, words in (
        (curve.public_bytes(*spki).decode(), "neither an RSA nor an Ed25519"),
        (short.public_bytes(*spki).decode(), "1024 bits"),
        (make_pem_pair("ed25519")[0], "not a PEM public key"),
        ("", "not a PEM public key"),
    ):
        with pytest.raises(KeyFileError, match=words):
            parse_public_key(pem)
    with pytest.raises(KeyFileError, match="neither ed25519 nor rsa"):
        make_pem_pair("dsa")


def test_scope_holds_its_children_and_not_its_parent(tmp_path: Path) -> None:
    key = SimKey("k", "ann", make_key(tmp_path).public_key, scopes=frozenset(("read", "write::trade")))
    asked = ("read", "read::portfolio_balance", "write::trade", "write", "write::transfer")
    assert [key.may(scope) for scope in asked] == [True, True, True, False, False]


def test_ring_forgets_a_removed_key(tmp_path: Path) -> None:
    public = make_key(tmp_path).public_key
    ring = KeyRing([SimKey("a", "ann", public), SimKey("b", "bob", public)])
    ring.add(SimKey("c", "ann", public))
    assert [key.key_id for key in ring.of("ann")] == ["a", "c"]
    assert ring.remove("a")
    assert not ring.remove("a")
    assert ring.get("a") is None
    assert [key.key_id for key in ring] == ["b", "c"]
    assert len(ring) == 2
