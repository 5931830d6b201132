"""The market data of one engine: over WebSocket or FIX, its connections, and what was missed while one was away."""
