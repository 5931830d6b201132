"""The stores of sequence numbers and sent messages."""
