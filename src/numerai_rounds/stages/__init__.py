"""The pipeline's stages, in the order of dvc.yaml: load, call one function, write."""
