"""The processor time of an order create over REST: measured whole and in parts, and void where an answer is wrong."""

import json
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from bench.report.compare import compare
from bench.subjects import rest, rest_server
from engine.cli import main

NAMES = ["rest.create", "rest.create.build", "rest.create.sign", "rest.create.wire", "rest.create.read"]


def test_creates_are_measured_whole_and_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "QUICK_COUNT", 20)
    file = tmp_path / "results.json"
    assert main(["bench", "rest", "--quick", "--no-pin", "--repetitions", "2", "--json", str(file)]) == 0
    runs = json.loads(file.read_text())["runs"]
    assert list(runs) == NAMES
    assert [(run["n"], run["repetitions"]) for run in runs.values()] == [(40, 2)] * len(NAMES)
    assert all(run["p50_ns"] > 0 for run in runs.values())
    whole, parts = runs["rest.create"], [runs[name] for name in NAMES[1:]]
    assert whole["p50_ns"] > max(part["p50_ns"] for part in parts if part is not runs["rest.create.wire"])
    assert "rest.create.sign" in compare(file, file)


def refuse(head: bytes, body: bytes) -> tuple[bytes, dict[str, Any]]:
    return rest_server.UNAUTHORIZED, {"code": "unauthorized", "message": "made up"}


def serve_refusals(pipe: Connection, certificate: Path, core: int | None) -> None:
    rest_server.answer = refuse
    rest_server.serve(pipe, certificate, core)


def test_server_refuses_a_request_without_a_signature() -> None:
    body = b'{"client_order_id":"a","count":"1.00"}'
    assert rest_server.answer(b"post /\r\nhost: x", body)[0] == rest_server.UNAUTHORIZED
    assert rest_server.answer(b"post /\r\nkalshi-access-signature: x", body)[0] == rest_server.CREATED


def test_create_that_is_refused_has_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rest_server, "serve", serve_refusals)
    assert main(["bench", "rest", "--quick", "--no-pin"]) == 1
    assert "made up" in capsys.readouterr().err
