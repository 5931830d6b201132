"""Queue models held against the queue positions that a venue reported of our own orders.

Units   as in `engine.backtest.queues.figures` and `engine.backtest.queues.fitting`.
Errors  ConfigError where nothing was reported; DecodeError names file and line.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine.backtest.capture.frames import find, groups
from engine.backtest.capture.index import is_recorded
from engine.backtest.core.settings import FIFO, QueueModel
from engine.backtest.own.reports import reports_beside
from engine.backtest.queues.figures import ModelErrors, errors_of
from engine.backtest.queues.fitting import QueueFit, fit_queue
from engine.backtest.queues.following import Followed, follow
from engine.backtest.queues.reported import places_beside
from engine.errors import ConfigError

MODELS = ("risk-averse", "matched", "power:0.5", "power", "power:3", "log", "optimistic")
WITHIN_NS = 250_000_000


class QueueCalibration(msgspec.Struct, frozen=True):
    """Of `reported` positions `judged` count, others were `dropped` by reason; the errors of each model, and the fit.

    `models` is empty where none counts.
    """

    reported: int
    judged: int
    dropped: dict[str, int]
    models: dict[str, ModelErrors]
    fit: QueueFit


def calibrate(paths: Sequence[Path], names: Sequence[str] = MODELS, within_ns: int = WITHIN_NS) -> QueueCalibration:
    """Return how far the models were off on recordings; raise ConfigError and DecodeError."""
    models = [_model(name) for name in names]
    followed = Followed()
    recorded = [group for group in groups(find(paths)) if is_recorded(group[0])]
    if not sum([follow(group, models, within_ns, followed) for group in recorded]):
        raise ConfigError(
            f"no reported queue positions in {', '.join(map(str, paths))}: an engine writes queues-RUN.jsonl beside "
            "its frames where record.queue_positions says how often"
        )
    judged = followed.judged
    errors = {name: errors_of(place, judged) for place, name in enumerate(names)} if judged else {}
    dropped = dict(sorted((+followed.dropped).items()))
    return QueueCalibration(followed.reported, len(judged), dropped, errors, fit_queue(followed.increments))


def told_of_queue(paths: Sequence[Path], name: str) -> list[str]:
    """Return in words how far a model was off on these files; nothing where no positions are beside them."""
    reported = [path for path in paths if is_recorded(path) and places_beside(path)]
    asked = [path for path in reported if reports_beside(path)]  # a run that was killed left none
    if not reported or name == FIFO:
        return []
    if not asked:
        return ["reported queue positions are not used: no own-RUN.jsonl says of which orders they are"]
    found = calibrate(asked, [name])
    if not found.judged:
        return [f"none of {found.reported} reported queue positions counts: {', '.join(found.dropped)}"]
    off = found.models[name].all.contracts
    return [
        f"held against {found.judged} of {found.reported} reported queue positions, {name} has {off.mean:+.2f} "
        f"contracts too many ahead on average; it is {off.absolute:.2f} off, in 95 of a hundred {off.p95:.2f} at most"
    ]


def _model(name: str) -> QueueModel:
    if name == FIFO:
        raise ConfigError(f"queue {FIFO}: a venue's frames do not name orders: name a model")
    return QueueModel.parse(name)
