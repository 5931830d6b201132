"""What a configuration trades with: an account, and its one strategy or several of them.

Errors  ConfigError that names the table of the strategy that is wrong.
"""

from collections.abc import Sequence

from engine.app import loading
from engine.config.sections import EngineConfig
from engine.instrument import Instrument
from engine.journal.snapshot import Snapshots
from engine.journal.writer import NullJournal
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_bound import FeeBound
from engine.trading.loop import TradingLoop
from engine.trading.serving.saved_state import StateKeeper
from engine.trading.team.member import Member, SeenMarkets
from engine.trading.team.team import Account, Team, account_of


def configured(config: EngineConfig, instruments: Sequence[Instrument], fee_bounds: Sequence[FeeBound]) -> Account:
    """Return the portfolio, the risk and the strategies of a configuration."""
    if not config.strategies:
        portfolio = Portfolio(instruments)
        risk = Risk(config.risk, instruments, portfolio, fee_bounds)
        return Account(portfolio, risk, loading.build_strategy(config.strategy, instruments))
    members = []
    for name, section in config.strategies.items():
        strategy = loading.build_strategy(section, instruments, f"strategies.{name}")
        markets = SeenMarkets(section.symbols, section.events, section.series)
        members.append(Member(name, strategy, markets, section.on_error))
    own = {name: section.limits for name, section in config.strategies.items()}
    return account_of(members, own, config.risk, instruments, fee_bounds)


def keepers(trading: TradingLoop, journal: NullJournal, snapshots: Snapshots) -> list[StateKeeper]:
    """Return what keeps the state of each strategy."""
    team: Team | None = trading.team
    if team is None:
        return [StateKeeper(trading.guard.strategy, journal, trading.guard, trading.notices, snapshots)]
    return [
        StateKeeper(each.strategy, journal, each, trading.notices, snapshots, name)
        for name, each in team.members.items()
    ]


def described(config: EngineConfig) -> str:
    """Return the classes of a configuration's strategies as a person reads them."""
    several = [f"{name} ({section.path})" for name, section in config.strategies.items()]
    return ", ".join(several) or config.strategy.path
