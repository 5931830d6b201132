"""The simulated Kalshi: one marketplace behind REST, WebSocket and six FIX ports, all over TLS."""
