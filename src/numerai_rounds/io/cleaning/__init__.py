"""What can be dropped because it can be made again, and what must stay: docs/decisions/0015 has the reasons."""
