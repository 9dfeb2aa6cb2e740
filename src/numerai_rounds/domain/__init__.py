"""The science: arrays and tables in, arrays and tables out. No files, no network, no clock."""
