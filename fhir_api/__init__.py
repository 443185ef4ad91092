"""Second floor: FHIR R4 in, de-identified, stored, and out again."""
