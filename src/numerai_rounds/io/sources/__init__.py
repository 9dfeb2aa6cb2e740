"""Where data comes from, one source a file; the file name is its `kind`."""
