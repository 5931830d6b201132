"""REST standing by for FIX: which way orders go, and how they come back."""
