"""Data of two patients must never meet: what is prefetched belongs to the patient of the context.

The specification trusts the client here; we do not, because a card about another patient is the
worst answer a service can give. References may be relative or absolute.
"""

from collections.abc import Mapping
from typing import Any

from cds_hooks.errors import WrongPatient
from cds_hooks.hooks.definition import HookContext
from cds_hooks.prefetch import Prefetched, Sent

SUBJECT_ELEMENTS = ("subject", "patient", "beneficiary")
SUBJECT = "the Patient of the context"
STAY = "the Encounter of the context"
# Kinds that are about places, people and products; they have no patient to compare.
SHARED = frozenset({
    "HealthcareService", "Location", "Medication", "Organization", "Practitioner",
    "PractitionerRole", "Substance",
})  # fmt: skip


def bind(context: HookContext, prefetched: Prefetched) -> None:
    """Compare every resource sent with the context.

    Raises:
        WrongPatient: A Patient has another id, a subject is somebody else or missing, or the
            resource under the key `encounter` is another stay.
    """
    for sent in prefetched.sent:
        kind = sent.resource["resourceType"]
        if kind == "Patient":
            _expect(sent.resource["id"] == context.patientId, f"{sent.path}.id", SUBJECT)
        elif kind not in SHARED:
            _expect_subject(sent, context.patientId)
        if sent.key == "encounter":
            _expect(sent.resource["id"] == context.encounterId, f"{sent.path}.id", STAY)


def _expect_subject(sent: Sent, patient_id: str) -> None:
    element = next((name for name in SUBJECT_ELEMENTS if name in sent.resource), "subject")
    refers = _refers(sent.resource.get(element), patient_id)
    _expect(refers, f"{sent.path}.{element}", SUBJECT)


def _refers(reference: Any, patient_id: str) -> bool:
    """Whether it ends in Patient/id, with or without a server in front and a version behind."""
    text = reference.get("reference") if isinstance(reference, Mapping) else None
    if not isinstance(text, str):
        return False
    parts = text.partition("/_history/")[0].rsplit("/", 2)
    return parts[-2:] == ["Patient", patient_id]


def _expect(holds: bool, expression: str, meaning: str) -> None:
    if not holds:
        raise WrongPatient(expression, meaning)
