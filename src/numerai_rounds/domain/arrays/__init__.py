"""Compiled or vectorised steps over the rows of an era, or of many: ranks, sums, correlations, neutralisation."""
