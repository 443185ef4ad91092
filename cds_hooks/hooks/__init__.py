"""One file for each CDS hook the service answers."""
