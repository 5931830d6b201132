"""The market data of one engine: its connections, and what was missed while one was away."""
