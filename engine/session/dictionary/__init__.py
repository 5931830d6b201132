"""Data dictionaries: what a message must look like."""
