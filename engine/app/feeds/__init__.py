"""Where market data come from: WebSocket or FIX, as the configuration says."""
