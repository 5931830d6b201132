"""The simulated venue, a process of its own: matching, FIX acceptor, market data, faults."""
