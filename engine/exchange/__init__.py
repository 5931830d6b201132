"""The inside of a venue, pure: market, matching, orders, reports, captured and generated liquidity, accounts."""
