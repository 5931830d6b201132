"""What the answers of REST held that nobody here knows, told to people: counted, logged, in `status`.

Errors  none.
Thread  the loop thread only.
"""

import asyncio

from engine.runtime.notices import NoticeKind, Notices

LOOK_S = 1.0


class OddityTeller:
    """Tells what the dialects that `hears` were given did not understand; one that keeps nothing of it is left out."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._dialects: list[object] = []

    def hears(self, dialect: object) -> None:
        """Ask this dialect too, from now on."""
        self._dialects.append(dialect)

    def look(self) -> None:
        """Tell what has come since the last look."""
        for dialect in self._dialects:
            for oddity in getattr(dialect, "take_oddities", list)():
                self._notices.tell(NoticeKind.ANSWER_ODD, oddity)

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)
