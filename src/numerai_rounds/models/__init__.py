"""Models: what every kind is asked for, the kinds themselves, and one as a function that runs elsewhere."""
