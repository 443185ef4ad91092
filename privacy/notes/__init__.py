"""Clinical notes: what may be read of them without saying whose they are."""
