"""The FIX side of the simulated Kalshi: six ports, a session for each API key that logs on, requests in, reports out."""
