"""What REST tells that nobody knows is told to people."""

from engine.app.account.oddities import OddityTeller
from engine.runtime.notices import NoticeKind, Notices


class Dialect:
    """One that did not understand something."""

    def __init__(self, *odd: str) -> None:
        self.odd = list(odd)

    def take_oddities(self) -> list[str]:
        taken, self.odd = self.odd, []
        return taken


def test_each_oddity_is_counted_and_logged_once_a_kind() -> None:
    lines: list[str] = []
    notices = Notices(lambda: 1, lines.append)
    teller = OddityTeller(notices)
    for dialect in (Dialect("market.status 'odd': unknown"), Dialect("fee_type 'new': unknown"), object()):
        teller.hears(dialect)
    teller.look()
    teller.look()
    assert lines == ["answer_odd: market.status 'odd': unknown"]
    assert [(each.kind, each.count, each.text) for each in notices.all()] == [
        (NoticeKind.ANSWER_ODD, 2, "fee_type 'new': unknown")
    ]
