"""An account is a member's subaccount, written in one text: the member, and "/N" unless it is the first.

The exchange knows accounts alone: two subaccounts of a member are strangers to it.
"""

PRIMARY = 0
MOST_SUBACCOUNTS = 64  # the first included


def account_of(member: str, subaccount: int = PRIMARY) -> str:
    """Return the account of a member's subaccount."""
    return f"{member}/{subaccount}" if subaccount else member


def member_of(account: str) -> str:
    """Return whose account it is."""
    return account.partition("/")[0]


def subaccount_of(account: str) -> int:
    """Return which of its member's subaccounts it is."""
    return int(account.partition("/")[2] or PRIMARY)
