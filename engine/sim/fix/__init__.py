"""The simulated venue's FIX side: acceptors of two kinds, requests in, reports out."""
