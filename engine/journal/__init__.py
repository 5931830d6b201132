"""What happened, append-only: writer, segments, recovery, dump."""
