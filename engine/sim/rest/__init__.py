"""The simulated venue's REST server: Kalshi's requests, answers and refusals over HTTPS."""
