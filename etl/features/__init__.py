"""Features of one patient at one moment, in plain Python: Spark runs it for all, hooks for one."""
