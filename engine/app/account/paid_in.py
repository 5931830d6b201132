"""What came into an account from outside, kept in the state directory from one start to the next.

Errors  ConfigError for a file that cannot be read; one that cannot be written is told, and learned anew by a restart.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from engine.errors import ConfigError
from engine.trading.reconcile.balance import PaidIn

FILE = "paid-in.json"


def read_paid_in(state_dir: Path) -> PaidIn | None:
    """Return what was kept, None before the first time."""
    path = state_dir / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=PaidIn)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: {error}: repair or remove it; removed, the cash is learned anew") from None


def paid_in_keeper(state_dir: Path, tell: Callable[[str], object]) -> Callable[[PaidIn], None]:
    """Return what keeps it, whole or not at all."""
    path = state_dir / FILE
    draft = path.with_suffix(".new")

    def keep(paid_in: PaidIn) -> None:
        """Write it beside the old one, then put it in its place."""
        try:
            draft.write_bytes(msgspec.json.encode(paid_in))
            os.replace(draft, path)
        except OSError as error:
            tell(f"{path} cannot be written ({error.strerror}): a restart would take deposits for differences")

    return keep
