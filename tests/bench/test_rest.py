"""The processor time of an order create over REST: measured whole and in parts, and void where an answer is wrong."""

import json
from pathlib import Path

import pytest
from aiohttp import web

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


async def refuse(request: web.BaseRequest) -> web.Response:
    return web.json_response({"code": "unauthorized", "message": "made up"}, status=401)


def serve_refusals(*arguments: object) -> None:
    rest_server._answer = refuse
    rest_server.serve(*arguments)  # type: ignore[arg-type]


def test_create_that_is_refused_has_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rest_server, "serve", serve_refusals)
    assert main(["bench", "rest", "--quick", "--no-pin"]) == 1
    assert "made up" in capsys.readouterr().err
