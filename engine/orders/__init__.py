"""The life of an order: states, events, steps, reports, ids."""
