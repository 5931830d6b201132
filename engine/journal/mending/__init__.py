"""A journal that no start believes any more, cut where it is sound to."""
