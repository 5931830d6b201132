"""What the venue says of an account, against what we know: every difference found, and set right by rule or told."""
