"""What people read of a journal: its records, one order's life, whether all is sound."""
