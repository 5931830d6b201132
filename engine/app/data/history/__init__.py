"""`fixlane history`: what a venue still tells of the past, as files."""
