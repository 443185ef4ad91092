"""A synthetic hospital: patients whose true risk of coming back is known, written as FHIR R4."""
