"""Wiring: each of the commands, from its parts."""
