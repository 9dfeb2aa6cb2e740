"""This machine: processes, and one at a time of them; the working folder and what was left in it."""
