"""A generated exchange in moved time, recorded, so that a backtest can be held against what is known to be true."""
