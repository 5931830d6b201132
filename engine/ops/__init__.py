"""What reads a running engine, and steers it: metrics, control."""
