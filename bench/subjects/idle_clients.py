"""Many FIX clients in one process, as cheap as they can be: they log on, send heartbeats and answer TestRequests.

Thread  the one of its process; no reply is checked beyond its type, the acceptor's own count of sessions decides.
"""

import select
import socket
import time
from multiprocessing.connection import Connection

from bench.report import host
from bench.subjects.idle_acceptor import ACCEPTOR, allow_sockets, answers
from bench.venue.process import utc_now

CONNECT_TIMEOUT_S = 20.0


class Client:
    """One connection; its heartbeats are due every `interval_s`."""

    def __init__(self, number: int, port: int, heart_bt_int: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), CONNECT_TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(None)
        self._name = b"IDLE%d" % number
        self._seq_num = 0
        self.send(b"A", b"98=0\x01108=%d\x01" % heart_bt_int)

    def send(self, msg_type: bytes, fields: bytes = b"") -> None:
        self._seq_num += 1
        header = b"35=%b\x0149=%b\x0156=%b\x0134=%d\x0152=%b\x01"
        body = header % (msg_type, self._name, ACCEPTOR, self._seq_num, utc_now()) + fields
        message = b"8=FIX.4.4\x019=%d\x01%b" % (len(body), body)
        self.socket.sendall(b"%b10=%03d\x01" % (message, sum(message) % 256))

    def read(self) -> bool:
        """Take what has come; False once the acceptor has closed."""
        data = self.socket.recv(4096)
        _, asked, rest = data.partition(b"\x01112=")
        if asked and b"\x0135=1\x01" in data:
            self.send(b"0", b"112=%b\x01" % rest.partition(b"\x01")[0])
        return bool(data)


def serve(pipe: Connection, count: int, heart_bt_int: int, port: int, core: int | None) -> None:
    """Log `count` clients on and keep them alive until the pipe closes."""
    with answers(pipe):
        if core is not None:
            host.pin(core)
        allow_sockets(count)
        clients = [Client(number, port, heart_bt_int) for number in range(count)]
        pipe.send(("done", None))
        try:
            _keep_alive(clients, heart_bt_int, pipe)
        finally:
            for client in clients:
                client.socket.close()


def _keep_alive(clients: list[Client], heart_bt_int: int, pipe: Connection) -> None:
    """Spread the heartbeats evenly; a client that was hung up on is left alone."""
    alive = {client.socket.fileno(): client for client in clients}
    between_s, due_s, turn = heart_bt_int / len(clients), time.monotonic(), 0
    with select.epoll() as poll:
        for descriptor in (pipe.fileno(), *alive):
            poll.register(descriptor, select.EPOLLIN)
        while True:
            for descriptor, _ in poll.poll(max(0.0, due_s - time.monotonic())):
                if descriptor == pipe.fileno():
                    return
                if not alive[descriptor].read():
                    poll.unregister(descriptor)
                    del alive[descriptor]
            while due_s <= time.monotonic():
                client = clients[turn % len(clients)]
                if client.socket.fileno() in alive:
                    client.send(b"0")
                turn, due_s = turn + 1, due_s + between_s
