"""Fixlane: a low-latency FIX execution engine for event-contract venues."""
