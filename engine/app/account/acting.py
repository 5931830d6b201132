"""What an operator may ask of the REST side: compare the account now, read the API keys again, see to order groups.

Errors  EngineError, which is the answer, for what this engine has not.
Thread  the loop thread.
"""

from collections.abc import Callable

from engine.app.account.errands import ErrandOutcome, Errands
from engine.app.account.groups import group_action
from engine.app.account.keys import Keys
from engine.app.account.side import AccountSide
from engine.app.account.watch import AccountWatch
from engine.errors import EngineError
from engine.ops.control import Action, Answer, OperatorRequest
from engine.trading.reconcile.judge import Finding
from engine.trading.reconcile.reconcile import Comparison
from engine.trading.reconcile.rules import Deed


def actions(
    errands: Errands, side: AccountSide | None, keys: Keys, watch: AccountWatch | None = None
) -> dict[str, Action]:
    """Return what the control socket takes for them; "errand" tells what became of either.

    `watch` compares the account where the REST side does not.
    """
    watch = watch or (side.watch if side is not None else None)

    def reconcile(request: OperatorRequest) -> Answer | None:
        """Begin to compare the account."""
        symbol, is_dry = str(request.arguments.get("symbol", "")), bool(request.arguments.get("dry_run"))

        async def work() -> ErrandOutcome:
            """Compare the account, and say every difference."""
            if watch is None:
                missing = "[rest] with a venue that tells of accounts is missing, and [session.account] is"
                raise EngineError(f"this engine reads no account: {missing}")
            comparison = await (watch.preview() if is_dry else watch.compare_now())
            return report(comparison, watch.deed, symbol, is_dry)

        return errands.action(work)(request)

    return {
        "reconcile": reconcile,
        "reload": errands.action(keys.reload),
        "errand": errands.answer,
        "group": group_action(errands, side),
    }


def report(comparison: Comparison, deed: Callable[[Finding], Deed], symbol: str, is_dry: bool) -> ErrandOutcome:
    """Return what was found of a market, or of all, and whether nothing is left to be done there."""
    shown = [each for each in comparison.findings if symbol in ("", each.symbol)]
    lines = [words(each, deed(each), is_dry) for each in shown]
    if is_dry:
        return ErrandOutcome([*lines, f"{comparison}; nothing was changed"], not shown)
    if not symbol:
        return ErrandOutcome([*lines, str(comparison)], comparison.is_clean)
    is_left = any(each.stops or each.order is not None for each in shown)
    return ErrandOutcome([*lines, f"{symbol}: {len(shown)} differences; {comparison}"], not is_left)


def words(finding: Finding, deed: Deed, is_dry: bool = False) -> str:
    """Return one difference, and what was, or would be, done about it."""
    text = f"{finding.symbol}: {finding.rule}: {finding.text}"
    if is_dry:
        return f"{text}; would {deed}"
    done = "set right" if finding.reports else "in doubt" if finding.order is not None else str(deed)
    return f"{text}; {done}"
