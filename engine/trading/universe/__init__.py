"""Which markets are traded while the engine runs: decided by `universe`, carried out by `keeper` on the `roster`."""
