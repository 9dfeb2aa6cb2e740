"""What every layer stands on: names, errors, parameters. Imports nothing else of this package."""
