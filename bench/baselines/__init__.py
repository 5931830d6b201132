"""The same work as it is usually written, to measure against."""
