"""One file for each command of `homeward`; a command parses, calls a floor, and prints."""
