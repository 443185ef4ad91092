"""Whose records a resource belongs to.

https://hl7.org/fhir/R4/compartmentdefinition-patient.html, with three readings of ours: only the
element that says whom it is about counts, not who wrote it down; Device.patient and Task.for count
too; a resource about several patients belongs to none of them. docs/decisions/0003.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from privacy.references import references_of, target_of

PATIENT = "Patient"
BY_SUBJECT = (
    "Account AdverseEvent Basic CarePlan CareTeam ChargeItem ClinicalImpression Communication "
    "CommunicationRequest Composition Condition Contract DeviceRequest DeviceUseStatement "
    "DiagnosticReport DocumentManifest DocumentReference Encounter Flag Goal GuidanceResponse "
    "ImagingStudy Invoice List MeasureReport Media MedicationAdministration MedicationDispense "
    "MedicationRequest MedicationStatement Observation Procedure QuestionnaireResponse "
    "RequestGroup RiskAssessment ServiceRequest Specimen"
)
BY_PATIENT = (
    "AllergyIntolerance BodyStructure Claim ClaimResponse Consent CoverageEligibilityRequest "
    "CoverageEligibilityResponse DetectedIssue Device EpisodeOfCare ExplanationOfBenefit "
    "FamilyMemberHistory Immunization ImmunizationEvaluation ImmunizationRecommendation "
    "MolecularSequence NutritionOrder RelatedPerson SupplyDelivery VisionPrescription"
)
PATHS: Mapping[str, str] = {
    **dict.fromkeys(BY_SUBJECT.split(), "subject"),
    **dict.fromkeys(BY_PATIENT.split(), "patient"),
    "Appointment": "participant.actor",
    "AppointmentResponse": "actor",
    "AuditEvent": "entity.what",
    "Binary": "securityContext",
    "Coverage": "beneficiary",
    "EnrollmentRequest": "candidate",
    "Group": "member.entity",
    "Person": "link.target",
    "Provenance": "target",
    "ResearchSubject": "individual",
    "Schedule": "actor",
    "SupplyRequest": "deliverTo",
    "Task": "for",
}
WITHOUT_OWN = frozenset({"Provenance", "AuditEvent"})  # about records, and so about their patient
NEVER_ALONE = frozenset(
    {"Device", "Group", "Person", "Schedule", "Binary"}
)  # shared unless they say


def patient_of(resource: Mapping[str, Any]) -> str | None:
    """The reference to the patient whose records `resource` belongs to.

    Returns:
        `Patient/real-id`, or the conditional `Patient?…` as the sender wrote it; None for what is
        shared, about several patients, or silent.
    """
    kind = resource.get("resourceType")
    if kind == PATIENT:
        return f"{PATIENT}/{resource['id']}" if isinstance(resource.get("id"), str) else None
    path = PATHS.get(kind) if isinstance(kind, str) else None
    if path is None:
        return None
    patients = {a for element in _at(resource, path.split(".")) for a in _patients(element)}
    return patients.pop() if len(patients) == 1 else None


def takes_only_patient(resource: Mapping[str, Any]) -> bool:
    """True for what could name its patient and names nobody: it may take the batch's only one."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in PATHS:
        return False
    is_silent = PATHS[kind].split(".")[0] not in resource
    return kind in WITHOUT_OWN or (is_silent and kind not in NEVER_ALONE)


def _patients(element: Any) -> Iterator[str]:
    for address in references_of(element):
        target = target_of(address)
        if target is not None and target.resource_type == PATIENT:
            yield f"{PATIENT}/{target.real_id}"
        elif address.startswith(f"{PATIENT}?"):
            yield address


def _at(value: Any, steps: list[str]) -> Iterator[Any]:
    """Everything at a path, through arrays."""
    if not steps:
        yield value
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and steps[0] in item:
            yield from _at(item[steps[0]], steps[1:])
