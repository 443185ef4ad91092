"""Fifth floor: the ledger of predictions, their outcomes, and how well we did."""
