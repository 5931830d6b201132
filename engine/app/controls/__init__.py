"""The commands that act on single markets and limits of a running engine, and what it does when it is asked."""
