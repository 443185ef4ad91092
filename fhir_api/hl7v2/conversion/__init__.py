"""From one ADT message to FHIR R4 resources, with what was known of the patient and the visit."""
