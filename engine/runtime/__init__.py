"""This process and its one loop: clocks, sockets, latencies, pace, modes, log."""
