"""A stand-in of the tournament's service, on this machine."""
