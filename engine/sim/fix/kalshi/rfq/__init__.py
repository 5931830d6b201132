"""Requests for quotes of the simulated Kalshi, both sides."""
