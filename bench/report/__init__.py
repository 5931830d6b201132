"""Results: statistics, the file, tables, plots, and the comparison of two runs."""
