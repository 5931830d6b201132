"""Requests for quotes over REST, and the quotes on them."""
