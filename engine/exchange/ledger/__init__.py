"""What the members of a venue have and did: cash, positions, orders, fills, settlements."""
