"""The path: a frame to an order, a report to a position, and when trading may happen."""
