"""Sample strategies."""
