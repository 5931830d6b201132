"""An engine in a process of its own at the simulated Kalshi, whose strategy does what a test asks for by a file.

The venue's markets last for longer than any test: one event of three markets in which one pays at most, and one of
three that are independent.
"""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.app.demo import kalshi
from engine.app.setup.init import NAME, write
from engine.exchange.ledger.terms import Netting
from engine.session.file.settings import override
from engine.sim.child import SimChild
from tests.support.engine.operated import STRATEGY, Operated
from tests.support.engine.process import wait_for

EXCLUSIVE, FREE = "KXBTC15M", "KXETH15M"  # the series
LONG_S = 10_000_000
STRIKES = (-20_000, 0, 20_000)
PUPPET = """
    asked = 0

    def on_start(self):
        self.on_timer(None)

    def on_timer(self, key):
        self.context.timer(20_000_000)
        folder = __file__.rpartition("/")[0]
        path = f"{folder}/ask{self.asked}.json"
        if not os.path.exists(path):
            if self.asked == 0 and not os.path.exists(f"{folder}/ready"):
                open(f"{folder}/ready", "w").close()
            return
        with open(path) as file:
            symbol, side, price, qty, tif = json.load(file)
        self.denial = 0
        enter = self.context.buy if side == 1 else self.context.sell
        market = self.context.instrument(symbol)
        book = self.context.book(market)
        price = price or (book.best_ask if side == 1 else book.best_bid)
        order = enter(market, price, qty, time_in_force=tif)
        self.asked += 1
        answer = {"denial": self.denial, "cl_ord_id": order.cl_ord_id if order else ""}
        with open(f"{path}.new", "w") as file:
            json.dump(answer, file)
        os.rename(f"{path}.new", f"{folder}/answer{self.asked - 1}.json")

    def on_reject(self, order, reason, text):
        self.denial = int(reason)
"""


class OperatedKalshi(Operated):
    """The venue, the engine of `fixlane init kalshi`, and its operator; `changes` are made in the configuration."""

    def __init__(self, directory: Path, changes: dict[str, str] | None = None, session: str = "native") -> None:
        self.directory = directory
        self.engine = None
        self.venue: SimChild | None = None
        self.config, self.state_dir = directory / NAME, directory / "state"
        self.errors = directory / "engine.stderr"
        self.stderr = self.errors.open("w")
        self._asked = 0
        write("kalshi", "demo", directory)
        (directory / "desk.py").write_text("import json\nimport os\n" + STRATEGY + PUPPET)
        text = self.config.read_text()
        text = re.sub(r"\[strategy\].*?(?=\[metrics\])", '[strategy]\nclass = "desk:Desk"\n\n', text, flags=re.DOTALL)
        text = re.sub(
            r"\[universe\].*?(?=\[engine\])",
            f'[universe]\nseries = ["{EXCLUSIVE}", "{FREE}"]\n\n',
            text,
            flags=re.DOTALL,
        )
        self.config.write_text(text)
        for old, new in {
            'session = "native" ': f'session = "{session}" ',
            'state_dir = "var" ': 'state_dir = "state" ',
            'directory = "var/journal"': 'directory = "journal"',
            'file = "none" ': 'file = "engine.log" ',
            "[risk.executions] ": '[risk.ceiling]\nmax_order_qty = "10"\n\n[risk.executions] ',
            **(changes or {}),
        }.items():
            self.rewrite(old, new)

    def rewrite(self, old: str, new: str) -> None:
        """Change the configuration, in which `old` stands once."""
        text = self.config.read_text()
        assert text.count(old) == 1, (old, text.count(old))
        self.config.write_text(text.replace(old, new))

    def start_venue(self) -> SimChild:
        base = kalshi.venue_config(self.directory)
        nettings = {EXCLUSIVE: Netting.EXCLUSIVE, FREE: Netting.NONE}
        series = tuple(
            replace(each, period_s=LONG_S, lead_s=0, strikes=STRIKES, netting=nettings[each.series.ticker])
            for each in base.series
        )
        self.venue = venue = SimChild(replace(base, series=series), self.directory)
        self._lead(venue.ready)
        return venue

    def _lead(self, ready: dict[str, Any]) -> None:
        """Lead the engine to the venue."""
        key, ca = ready["keys"][kalshi.MEMBER][0], ready["ca"]
        os.environ["KALSHI_DEMO_NR_KEY_ID"] = key["key_id"]
        shutil.copy(key["file"], self.directory / "secret" / "kalshi.pem")
        session = self.directory / "fix" / "kalshi-demo-nr.cfg"
        place = {
            "SocketConnectHost": "localhost",
            "SocketConnectPort": ready["fix_ports"]["KalshiNR"],
            "CertificationAuthoritiesFile": ca,
            "ReconnectInterval": 1,
        }
        session.write_text(override(session, **place))
        text = self.config.read_text()
        feed, rest = f"wss://localhost:{ready['feed_port']}/trade-api/ws/v2", f"https://localhost:{ready['rest_port']}"
        for scheme, url in (("wss", feed), ("https", rest)):
            text, count = re.subn(rf'url = "{scheme}://.*"', f'url = "{url}"\nca = "{ca}"', text)
            assert count == 1, scheme
        self.config.write_text(text)

    def start(self) -> None:
        super().start()
        self.wait_until_trading()
        self.wait_for_file("ready")

    def again(self) -> None:
        """End the engine as nothing that it could hear of, and start it again."""
        self.kill_engine()
        for path in self.directory.glob("a*[0-9].json"):
            path.unlink()
        (self.directory / "ready").unlink(missing_ok=True)
        self._asked = 0
        self.start_engine()
        self.wait_until_trading()
        self.wait_for_file("ready")

    def enter(self, symbol: str, side: int, price: int, qty: int, time_in_force: str = "1") -> int:
        """Have the strategy enter an order, for a `price` of 0 at the other side's best; return the denial."""
        path, number = self.directory / f"ask{self._asked}.json", self._asked
        path.with_suffix(".new").write_text(json.dumps([symbol, side, price, qty, time_in_force]))
        path.with_suffix(".new").rename(path)
        self._asked += 1
        answer = self.directory / f"answer{number}.json"
        wait_for(answer.exists, "an answer of the strategy")
        return int(json.loads(answer.read_text())["denial"])

    def account(self) -> dict[str, Any]:
        """Return what the venue's ledger says of us."""
        assert self.venue is not None
        found: dict[str, Any] = self.venue.ask("account", account=kalshi.MEMBER)
        return found

    def markets(self) -> dict[str, list[str]]:
        """Return the markets of each series, by their names."""
        assert self.venue is not None
        found = sorted(self.venue.ask("markets")["markets"])
        return {series: [each for each in found if each.startswith(series)] for series in (EXCLUSIVE, FREE)}
