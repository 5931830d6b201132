"""Baselines: the same work as it is usually written."""
