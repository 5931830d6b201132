"""What the server can be asked for, by group: each module ends with the table of its operations."""
