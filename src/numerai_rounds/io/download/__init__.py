"""Files that a service serves: which they are, whether they are the pinned ones, and how all of one gets here."""
