"""`fixlane backtest`: the strategy of a configuration on history."""
