"""The carriers that venues ask for: WebSocket feed."""
