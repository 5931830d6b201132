"""The simulated venue's market data: WebSocket server, subscriptions, frames."""
