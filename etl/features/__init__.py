"""Features of one patient at one moment, in plain Python: what Spark runs for all, hooks for one."""
