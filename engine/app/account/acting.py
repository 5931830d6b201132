"""What an operator may ask of the REST side: compare the account now, read the API keys again, see to order groups.

Errors  EngineError, which is the answer, for what this engine has not.
Thread  the loop thread.
"""

from engine.app.account.errands import ErrandOutcome, Errands
from engine.app.account.groups import group_action
from engine.app.account.keys import Keys
from engine.app.account.side import AccountSide
from engine.errors import EngineError
from engine.ops.control import Action
from engine.trading.reconcile.judge import Finding


def actions(errands: Errands, side: AccountSide | None, keys: Keys) -> dict[str, Action]:
    """Return what the control socket takes for them; "errand" tells what became of either."""

    async def reconcile() -> ErrandOutcome:
        """Compare the account, and say every difference."""
        if side is None or side.watch is None:
            raise EngineError("this engine reads no account: [rest] with a venue that tells of accounts is missing")
        comparison = await side.watch.compare_now()
        return ErrandOutcome([*map(words, comparison.findings), str(comparison)], comparison.is_clean)

    return {
        "reconcile": errands.action(reconcile),
        "reload": errands.action(keys.reload),
        "errand": errands.answer,
        "group": group_action(errands, side),
    }


def words(finding: Finding) -> str:
    """Return one difference, and what was done about it."""
    done = "; set right" if finding.reports else "; in doubt" if finding.order is not None else ""
    return f"{finding.symbol}: {finding.rule}: {finding.text}{done}"
