"""What the events that are held pay, by how they may end: read from the View, in a process of its own."""
