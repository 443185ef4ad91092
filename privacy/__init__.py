"""First floor: what may be kept of a patient, and in what form. Plain Python, no I/O."""
