"""The audit trail: who did what with whose records, kept for good."""
