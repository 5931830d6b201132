"""The latency harness."""
