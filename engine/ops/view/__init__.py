"""The View: one picture of a running engine in a shared-memory file, which any other process may read.

The engine writes it a few times a second and knows no reader; whoever looks costs the loop nothing.
"""
