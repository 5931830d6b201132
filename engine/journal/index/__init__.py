"""Which segments of a run name an order: what finds an old one without reading all that was written since."""
