"""Files of every kind: where they are, how they are read and written, and whether they are as they were written."""
