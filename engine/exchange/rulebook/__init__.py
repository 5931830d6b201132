"""What a venue with accounts demands of orders: hours, cash, order groups, and the rules that put them together."""
