"""Data dictionaries: which messages are valid."""
