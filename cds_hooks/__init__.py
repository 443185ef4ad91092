"""Sixth floor: CDS Hooks: discovery, prefetch, cards and feedback."""
