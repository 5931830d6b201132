"""`fixlane data`: history as rows."""
