"""What a backtest came to: figures, tables, one page."""
