"""Our own orders in a recording of our own trading: which frames are ours, and the book without them."""
