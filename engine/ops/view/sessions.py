"""What a view says of a FIX session that the session itself does not keep.

Units   times in ns since 1970.
Thread  the loop thread only.
"""

from collections.abc import Callable

from engine.ops.view.layout import SESSION_STATES
from engine.session import Session


class SessionWatch:
    """Notes when a session came up and went down, and its last error."""

    def __init__(self, session: Session, wall_ns: Callable[[], int]) -> None:
        self.logons = self.changed_utc_ns = self.error_utc_ns = 0
        self.error = ""
        self._session, self._wall_ns = session, wall_ns
        self._on_logon, self._on_logout = session.on_logon, session.on_logout
        session.on_logon, session.on_logout = self._logged_on, self._logged_out

    def row(self) -> tuple[object, ...]:
        """Return the record of its session, as it stands now."""
        self.look()
        session = self._session
        return (
            session.name,
            SESSION_STATES[session.is_logged_on],
            session.protection,
            session.next_sender_seq_num,
            session.next_target_seq_num,
            self.logons,
            self.changed_utc_ns,
            self.error_utc_ns,
            self.error,
        )

    def look(self) -> None:
        """Note an error that is new."""
        if self._session.last_error != self.error:
            self.error, self.error_utc_ns = self._session.last_error, self._wall_ns()

    def _logged_on(self) -> None:
        self.logons += 1
        self.changed_utc_ns = self._wall_ns()
        self._on_logon()

    def _logged_out(self, reason: str) -> None:
        self.changed_utc_ns = self._wall_ns()
        self._on_logout(reason)
