"""One strategy under many settings: what is tried, over which spans, where the rows go, and how much to believe."""
