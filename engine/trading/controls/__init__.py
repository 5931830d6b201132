"""What a person holds in hand while the engine trades: throttles, limits, halts by market and event, flatten."""
