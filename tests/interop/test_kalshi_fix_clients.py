"""The simulated Kalshi's FIX used by clients that we did not write, unmodified but for host, authority and key."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.sim.keys import SimKey, make_key
from tests.support.places import ROOT
from tests.support.sim.kalshi_fix import RAIN, FixVenue, play

ENVIRONMENT = Path(sys.prefix) / "clients" / "neural"
PATIENCE_S = 50
Step = tuple[str, dict[str, Any], int]


async def run(venue: FixVenue, steps: list[Step], **config: Any) -> dict[str, list[dict[str, str]]]:
    """Run neural-sdk's client through `steps`; return what it heard in each, by its method's name."""
    if not (ENVIRONMENT / "installed").exists():
        pytest.skip("neural is not installed: `make test` does it where pip can fetch it")
    key = make_key(venue.folder, "rsa")
    venue.keys.add(SimKey(key.key_id, "ann", key.public_key))
    assert venue.tls is not None
    port = venue.fix.ports.ports["KalshiNR"]
    given = {
        "host": "127.0.0.1", "port": port, "key_id": key.key_id, "key_file": str(key.file), "steps": steps,
        "config": config,
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        str(ENVIRONMENT / "bin" / "python"), "-W", "ignore", str(ROOT / "tests/interop/clients/fix_neural.py"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SSL_CERT_FILE": str(venue.tls.authority)},
    )  # fmt: skip
    try:
        out, errors = await asyncio.wait_for(process.communicate(json.dumps(given).encode()), PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return {line["name"]: line["messages"] for line in map(json.loads, out.splitlines())}


def test_neural_sdk_trades(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        venue.add_key("ann")  # with money
        bob = await venue.log_on(venue.add_key("bob"), flags={21005: "Y", 21011: "Y"})
        bob.send("D", f"11=b1|38=3|40=2|44=0.42|54=2|55={RAIN}|59=1")
        await bob.next()
        order = {"symbol": RAIN, "side": "buy"}
        new = {"cl_order_id": "n1", "quantity": 5, "price": 42, "time_in_force": "gtc", **order}
        change = {"cl_order_id": "n2", "orig_cl_order_id": "n1", "quantity": 9, "price": 41, **order}
        heard = await run(
            venue,
            [
                ("connect", {}, 1),
                ("new_order_single", new, 2),
                ("replace_order", change, 2),
                ("cancel_order", {"cl_order_id": "n3", "orig_cl_order_id": "n2", **order}, 2),
                ("mass_cancel", {"cl_order_id": "n4"}, 1),
                ("test_request", {"test_id": "there?"}, 1),
                ("close", {}, 1),
            ],
        )
        assert heard["connect"][0]["35"] == "A"
        pending, trade = heard["new_order_single"]
        assert (pending["39"], trade["150"], trade["39"], trade["31"], trade["32"]) == ("A", "F", "1", "42", "3.00")
        assert [(one["150"], one["39"], one["151"]) for one in heard["replace_order"]] == [
            ("E", "E", "6.00"),
            ("5", "1", "6.00"),
        ]
        assert [(one["150"], one["39"], one["151"]) for one in heard["cancel_order"]] == [
            ("6", "6", "6.00"),
            ("4", "4", "0.00"),
        ]
        assert (heard["mass_cancel"][0]["35"], heard["mass_cancel"][0]["531"]) == ("r", "6")
        assert (heard["test_request"][0]["35"], heard["test_request"][0]["112"]) == ("0", "there?")
        assert heard["close"][0]["35"] == "5"

    play(tmp_path, main, with_tls=True, is_live=True)


def test_neural_sdk_is_told_why_it_may_not_log_on(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        heard = await run(venue, [("connect", {}, 1)], target_comp_id="KalshiRT")
        assert (heard["connect"][0]["35"], heard["connect"][0]["58"]) == ("5", "Invalid TargetCompID")

    play(tmp_path, main, with_tls=True, is_live=True)
