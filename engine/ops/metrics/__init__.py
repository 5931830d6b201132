"""Prometheus metrics of one engine, made from its View in a process of their own: a scrape costs the engine nothing."""
