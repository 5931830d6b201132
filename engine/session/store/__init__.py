"""Sequence numbers and the messages sent."""
