"""For the tests of whoever writes strategies: a whole desk in memory, on a clock that the test moves."""

from engine.testing.desk import DeskInMemory, market
from engine.testing.limits import UNLIMITED
from engine.testing.requests import DeskRequest
from engine.trading.team.member import Member, SeenMarkets

__all__ = ["UNLIMITED", "DeskInMemory", "DeskRequest", "Member", "SeenMarkets", "market"]
