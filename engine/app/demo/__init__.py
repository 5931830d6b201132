"""`fixlane demo`: the engine against a simulated venue in a process of its own, watched, then summed up."""
