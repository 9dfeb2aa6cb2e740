"""Scores. One file is one metric, found by its name; every file here is computed by `evaluate`.

Each module defines `class Metric(scoring.Metric)`. Its docstring says, for every number, the range, the
direction and the source.
"""
