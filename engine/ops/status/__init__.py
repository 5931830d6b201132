"""`fixlane status`: what the View says of an engine, for a person and for a machine."""
