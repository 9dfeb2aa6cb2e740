"""Scoring predictions era by era: what an era is, what a metric is, and the one loop over both."""
