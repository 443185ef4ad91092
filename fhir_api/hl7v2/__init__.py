"""HL7 v2 admissions as they come over MLLP, and the FHIR they become."""
