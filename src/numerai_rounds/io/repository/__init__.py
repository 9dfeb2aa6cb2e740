"""git: what a run asks of it, and where it pushes to."""
