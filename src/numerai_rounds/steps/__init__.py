"""What stages and commands share, with everything that they work on handed in."""
