"""A backtest over rows, compiled: both views of the books, queues, risk and money in one loop without Python."""
