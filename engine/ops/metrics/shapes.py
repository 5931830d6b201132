"""The shapes of metrics: one value, one for each value of a label, one for each state.

Shapes  a name gets `fixlane_` before it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


def kinds(record: Any, kinds: Mapping[str, str]) -> dict[str, int]:
    """Return the counters of a record under other names."""
    return {kind: getattr(record, name) for kind, name in kinds.items()}


def gauge(name: str, text: str, value: float) -> Metric:
    """Return a gauge of one value."""
    return GaugeMetricFamily(f"fixlane_{name}", text, value=value)


def labelled(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    """Return a gauge with labels, still without a value."""
    return GaugeMetricFamily(f"fixlane_{name}", text, labels=labels)


def counter(name: str, text: str, value: int) -> Metric:
    """Return a counter of one value."""
    return CounterMetricFamily(f"fixlane_{name}", text, value=value)


def counted_by(name: str, text: str, label: str, values: Mapping[str, int]) -> Metric:
    """Return a counter for each value of a label."""
    family = CounterMetricFamily(f"fixlane_{name}", text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def gauged_by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    """Return a gauge for each value of a label."""
    family = labelled(name, text, label)
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def states(name: str, text: str, states: Iterable[str], now: str) -> Metric:
    """Return a series for each state, 1 for the one that holds."""
    family = labelled(name, text, "state")
    for state in states:
        family.add_metric([state], state == now)
    return family
