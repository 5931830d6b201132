"""Several strategies of one engine: each with its own context, limits, kill switch, and share of the account."""
