"""A run of a live engine once more: what entered it is recorded in order, and enters an engine like it again."""
