"""What stands before a first run: a configuration to start from."""
