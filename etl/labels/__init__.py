"""Stays, episodes, index discharges and the 30-day readmission label."""
