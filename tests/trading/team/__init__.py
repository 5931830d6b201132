"""Tests of several strategies in one engine."""
