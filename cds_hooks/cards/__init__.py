"""What the clinician sees: the card, its words, its suggestions."""
