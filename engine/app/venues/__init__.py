"""A venue from the command line: its markets, one order book, an account. Nothing here writes to a venue."""
