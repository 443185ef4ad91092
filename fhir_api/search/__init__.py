"""Search: definitions from R4, the index written beside each resource, queries over it."""
