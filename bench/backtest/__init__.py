"""What `fixlane bench backtest` measures beside passes: a plain strategy, a long day, and what was promised of all."""
