"""What a caller asks: criteria, chains, modifiers, paging, the parts of the answer."""
