"""What `fixlane data queues` prints: how far each queue model was off, and the model that fits.

Errors  ConfigError where nothing was reported; DecodeError names file and line; also where zstandard is not installed.
"""

import argparse

import msgspec

from engine.errors import ConfigError

try:
    from engine.backtest.queues.calibration import MODELS, QueueCalibration, calibrate
    from engine.backtest.queues.figures import ModelErrors, PlaceErrors
except ModuleNotFoundError as error:
    raise ConfigError(f"fixlane data queues wants {error.name}: pip install 'fixlane[history]'") from None

_NS_PER_MS = 1_000_000
_HEAD = f"{'model':<16}{'reports':>8}{'mean':>9}{'absolute':>9}{'median':>9}{'95 %':>9}{'of level':>9}"


def run_queues(arguments: argparse.Namespace) -> int:
    """Print what the models are worth; return 0, or 1 where no report counts."""
    found = calibrate(arguments.paths, arguments.queue or MODELS, round(arguments.within * _NS_PER_MS))
    for text in lines(found):
        print(text)
    if arguments.json is not None:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    return 0 if found.judged else 1


def lines(found: QueueCalibration) -> list[str]:
    """Return what a calibration says, in words; errors are in contracts."""
    told = [f"{found.reported} reported positions, {found.judged} count"]
    told += [f"  {count} do not: {reason}" for reason, count in found.dropped.items()]
    if found.models:
        told.append(_HEAD)
    for name, errors in found.models.items():
        told += _of_model(name, errors)
    return [*told, *_of_fit(found)]


def _of_model(name: str, errors: ModelErrors) -> list[str]:
    groups = (errors.by_age, errors.by_series, errors.by_price)
    parts = [_row(f"  {key}", each) for group in groups if len(group) > 1 for key, each in group.items()]
    return [_row(name, errors.all), *parts]


def _row(name: str, errors: PlaceErrors) -> str:
    of = errors.contracts
    share = f"{errors.share.absolute:>9.1%}" if errors.share else f"{'-':>9}"
    return f"{name:<16}{errors.count:>8}{of.mean:>9.2f}{of.absolute:>9.2f}{of.median:>9.2f}{of.p95:>9.2f}{share}"


def _of_fit(found: QueueCalibration) -> list[str]:
    fit = found.fit
    told = [f"take --queue {fit.model}: {fit.why}"]
    if fit.fitted is not None and fit.within is not None and fit.careful is not None:
        beyond = "" if fit.beyond is None else f", {fit.beyond:.2f} on market-days left out"
        told.append(
            f"{fit.fitted} fits {fit.increments} pairs of {fit.market_days} market-days: off by {fit.within:.2f} "
            f"contracts (root mean square){beyond}; risk-averse {fit.careful:.2f}"
        )
    return told
