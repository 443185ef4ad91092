"""The index beside each resource: the values it can be found by, and the table they lie in."""
