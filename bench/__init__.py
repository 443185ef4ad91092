"""Benchmarks anyone can run again: each prints a table, its figures and the machine."""
