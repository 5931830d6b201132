"""The part of RFC 6455 that the measuring venue needs: accept one client, read one command, frame a text.

Source  RFC 6455 sections 4.2 and 5.2.
"""

import base64
import hashlib
import socket

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def text_frame(payload: bytes) -> bytes:
    """Return `payload` as one unmasked text frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def payload(frame: bytes) -> bytes:
    """Return what a frame of a server carries."""
    return frame[{126: 4, 127: 10}.get(frame[1] & 0x7F, 2) :]


def accept_upgrade(connection: socket.socket) -> dict[bytes, bytes]:
    """Answer the HTTP upgrade of a client; return its headers, their names in lower case."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(4096)
        if not piece:
            raise OSError("the client left during its handshake")
        request += piece
    lines = [line.partition(b": ") for line in request.split(b"\r\n")[1:] if b": " in line]
    headers = {name.lower(): value for name, _, value in lines}
    key = headers[b"sec-websocket-key"]
    accept = base64.b64encode(hashlib.sha1(key.strip() + GUID).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return headers


def read_subscribe(connection: socket.socket) -> bytes:
    """Return the payload of the client's next frame, unmasked."""
    head = _exactly(connection, 2)
    size = head[1] & 0x7F
    if size == 126:
        size = int.from_bytes(_exactly(connection, 2), "big")
    elif size == 127:
        size = int.from_bytes(_exactly(connection, 8), "big")
    mask = _exactly(connection, 4) if head[1] & 0x80 else bytes(4)
    payload = _exactly(connection, size)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError("the client left")
        data += piece
    return data
