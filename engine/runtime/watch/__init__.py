"""Looks whether the loop turns, from threads of its own."""
