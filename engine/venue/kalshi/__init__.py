"""Kalshi: event contracts, prices between 0 and 1 dollar, one YES book per market."""
