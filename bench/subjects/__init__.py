"""The subjects of the harness, a module each."""
