"""Scores and predictions as files, and as a person sees them."""
