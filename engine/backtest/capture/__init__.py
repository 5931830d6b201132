"""Frames as they came, on disk: written while they come, read back after whatever happened."""
