"""Latencies of the running engine; compiled in `_latency.pyx`."""

from engine.runtime._latency import PERCENTILES, LatencyRecorder

__all__ = ["PERCENTILES", "LatencyRecorder"]
