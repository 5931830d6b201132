"""A venue's REST server in a process of its own, over TLS: it takes every order and says that it rests.

Shapes  the pipe gets ("done", port) once it listens; the server ends when the pipe closes.
Errors  a request without a signature is answered by 401.
"""

import asyncio
import ssl
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import uvloop
from aiohttp import web

from bench.report import host
from bench.subjects.idle_acceptor import answers

SIGNATURE = "KALSHI-ACCESS-SIGNATURE"


def serve(pipe: Connection, certificate: Path, core: int | None) -> None:
    """Answer requests until the pipe closes."""
    with answers(pipe):
        if core is not None:
            host.pin(core)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(pipe, certificate))


async def _serve(pipe: Connection, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    runner = web.ServerRunner(web.Server(_answer, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        pipe.send(("done", runner.addresses[0][1]))
        is_over = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), is_over.set)
        await is_over.wait()
    finally:
        asyncio.get_running_loop().remove_reader(pipe.fileno())
        await runner.cleanup()


async def _answer(request: web.BaseRequest) -> web.Response:
    order = msgspec.json.decode(await request.read())
    if not request.headers.get(SIGNATURE):
        return web.json_response({"code": "unauthorized", "message": "no signature"}, status=401)
    told = {
        "order_id": "b81d4c02-77aa-4c35-8f19-5e0d93a6c7f4",
        "client_order_id": order["client_order_id"],
        "fill_count": "0.00",
        "remaining_count": order["count"],
        "ts_ms": 1_795_444_202_099,
    }
    return web.Response(body=msgspec.json.encode(told), status=201, content_type="application/json")
