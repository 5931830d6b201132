"""Models of a queue held against the positions that a venue reported of our own orders."""
