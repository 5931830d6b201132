"""What belongs to a configured strategy: its hooks judged, its parameters read, signals and new parameters for it."""
