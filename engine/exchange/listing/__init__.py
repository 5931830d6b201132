"""What a venue lists: series, their events, the events' markets, and how a market lives and ends."""
