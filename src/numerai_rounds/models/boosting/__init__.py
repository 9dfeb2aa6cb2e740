"""LightGBM behind its kind: binned rows on disk, what cannot be chosen and why, and predictions without LightGBM."""
