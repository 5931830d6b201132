"""Micro-benchmarks: one operation of the path each, and what others take for the same."""
