"""`fixlane chaos`: random lives of an engine and a venue with faults, and what must hold after each."""
