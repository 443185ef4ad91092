"""Searches as SQL over the index: conditions, inclusions, order, statements."""
