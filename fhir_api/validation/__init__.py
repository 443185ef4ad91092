"""Whether a resource is FHIR R4, and if not, where and why."""
