"""Whoever looks at a port of the simulated Kalshi and leaves again ends nothing."""

import socket
from pathlib import Path

from engine.app.demo import kalshi
from engine.sim.child import SimChild


def test_client_that_leaves_in_the_middle_of_its_handshake_ends_nothing(tmp_path: Path) -> None:
    with SimChild(kalshi.venue_config(tmp_path), tmp_path) as venue:
        for port in (venue.feed_port, venue.ready["rest_port"], *venue.ready["fix_ports"].values()):
            for hello in (b"", b"\x16\x03\x01\x02\x00\x01"):
                with socket.create_connection(("localhost", port), 10) as visitor:
                    visitor.sendall(hello)
                    visitor.shutdown(socket.SHUT_WR)
                    visitor.recv(1)
                assert "now_ms" in venue.ask("status")
