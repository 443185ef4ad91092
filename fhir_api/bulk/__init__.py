"""Bulk data: export, import and submissions as durable jobs."""
