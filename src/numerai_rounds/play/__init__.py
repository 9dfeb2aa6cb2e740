"""A round from its opening to its live score: opened, run, uploaded, looked for, kept in git."""
