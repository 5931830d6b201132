"""Tests of what a person holds in hand."""
