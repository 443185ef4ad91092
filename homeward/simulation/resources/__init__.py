"""FHIR R4 resources of one simulated patient, each with the moment from which it was known."""
