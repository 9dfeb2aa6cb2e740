"""LightGBM behind its kind: binned rows on disk, and why some parameters cannot be chosen."""
