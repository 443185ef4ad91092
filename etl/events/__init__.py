"""MEDS-shaped events: what happened to a patient, when, and when it could be known."""
