"""QuickFIX's own session, driven by the loop."""
