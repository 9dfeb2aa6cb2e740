"""DVC: run as a child, with its lock file, run-cache and outputs kept whole."""
