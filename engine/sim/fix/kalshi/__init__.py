"""The FIX side of the simulated Kalshi: six ports, a session for each API key, requests in, reports out."""
