"""What serves a strategy: its requests on their way to the venue, timers, the last trades, what it keeps."""
