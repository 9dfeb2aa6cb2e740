"""The outside world: files, the service, the terminal."""
