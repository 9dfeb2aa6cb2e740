"""Models. One file is one kind, found by its name: see `models.contract.Kind`."""
