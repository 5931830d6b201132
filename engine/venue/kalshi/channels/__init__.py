"""Kalshi's channels beside books and trades: the account's own, quotes on request, and what tells of markets."""
