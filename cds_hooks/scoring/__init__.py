"""The scoring core: from a checked call to a score, the same for every hook."""
