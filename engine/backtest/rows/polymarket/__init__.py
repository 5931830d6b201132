"""Captured frames of Polymarket's market channel, to the same rows as those of any venue."""
