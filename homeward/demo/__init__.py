"""The demonstration: from an empty machine to a card, its outcome, and a report with pictures."""
