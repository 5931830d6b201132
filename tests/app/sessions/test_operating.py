"""What an operator does to a session beside that of orders: each by its name, its key read again with the others."""

import asyncio
from typing import Any

import pytest

from engine.app import repair
from engine.app.sessions.opening import FurtherKey, FurtherSession
from engine.config.engine import load
from engine.errors import SessionError
from engine.ops.control import OperatorRequest
from engine.runtime.person import this_process
from tests.app.sessions.test_judging import Configured, config

__all__ = ["config"]


class Session:
    """A session as far as it is repaired."""

    phase, last_error = "logged out", ""

    def __init__(self, name: str) -> None:
        self.name = name
        self.next_sender_seq_num = self.next_target_seq_num = 5

    def set_next(self, next_out: int, next_in: int) -> None:
        self.next_sender_seq_num, self.next_target_seq_num = next_out, next_in


def test_request_names_the_session_that_it_is_about() -> None:
    first: Any = Session("ORDERS")
    beside: Any = Session("PT")
    notes: list[str] = []
    acts = repair.actions(first, notes.append, {"settlement": beside})

    def ask(action: str, **arguments: Any) -> Any:
        return acts[action](OperatorRequest(action, "why", arguments, this_process()))

    assert ask("session-status")["session"] == "ORDERS"
    assert ask("session-status", name="settlement")["session"] == "PT"
    assert ask("session-set-next", name="settlement", out=7, **{"in": 9})["next_msg_seq_num_out"] == 7
    assert (first.next_sender_seq_num, beside.next_sender_seq_num) == (5, 7)
    assert len(notes) == 1 and notes[0].startswith("session-set-next of PT by ")
    with pytest.raises(SessionError, match='no session "drop_copy" is configured; there are: settlement'):
        ask("session-status", name="drop_copy")


def taken(configured: Configured, name: str, key_id: str) -> tuple[str, str]:
    """Take a key with this id; return what is told, and the id that signs afterwards."""

    async def take() -> tuple[str, str]:
        session = FurtherSession(name, load(configured.file), asyncio.get_running_loop())
        try:
            told = session.take(FurtherKey(key_id, session.read().logon))
            return told, session._key_id
        finally:
            session.session.close()

    return asyncio.run(take())


def test_new_key_is_taken_where_each_logon_begins_anew(config: Configured) -> None:
    before = config.ids["drop_copy"]
    assert taken(config, "drop_copy", before) == (f"sessions.drop_copy: key {before}, as before", before)
    assert taken(config, "drop_copy", "K2") == (f"sessions.drop_copy: key K2 instead of {before}", "K2")


def test_session_whose_numbers_go_on_keeps_its_key_and_says_so(config: Configured) -> None:
    before = config.ids["settlement"]
    told, signs = taken(config, "settlement", "K2")
    assert signs == before
    assert told.startswith(f"sessions.settlement: key {before} is kept until the next start: ")
