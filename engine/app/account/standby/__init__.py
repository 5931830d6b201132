"""REST standing by for FIX: which way orders go, how they come back, and what is cancelled where FIX is given up."""
