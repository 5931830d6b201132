"""Latency harness."""
