"""Kalshi's REST, as values: what to ask, what an answer means, and how an order lives there while FIX is down.

`operations` has each request beside the objects that it answers; `dialect`, `reference`, `account` and `order_path` are
what the engine sees of them.
"""
