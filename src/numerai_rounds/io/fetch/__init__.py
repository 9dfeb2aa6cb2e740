"""How data gets here: staged, checked, converted and put in place."""
