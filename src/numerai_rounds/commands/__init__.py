"""The `rounds` command line."""
