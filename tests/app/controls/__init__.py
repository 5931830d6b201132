"""Tests of the commands that act on single markets and limits."""
