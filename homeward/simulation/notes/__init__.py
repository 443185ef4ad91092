"""Discharge summaries and nursing notes whose identifiers are labelled while they are written."""
