"""Every fault that a round has to survive, tried one by one: `make torture`."""
