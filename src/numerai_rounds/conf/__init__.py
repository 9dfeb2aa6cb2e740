"""conf/ and params.yaml: composed by Hydra, edited in place, checked by the schemas of the plug-ins in use."""
