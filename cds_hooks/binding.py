"""Data of two patients must never meet: what is prefetched belongs to the patient of the context.

The specification trusts the client here; we do not, because a card about another patient is the
worst answer a service can give. References may be relative or absolute.
"""

from cds_hooks.errors import WrongPatient
from cds_hooks.hooks.definition import HookContext
from cds_hooks.prefetch import Prefetched, Sent
from privacy.compartment import NEVER_ALONE, PATHS, patient_of

SUBJECT = "the Patient of the context"
STAY = "the Encounter of the context"


def bind(context: HookContext, prefetched: Prefetched) -> None:
    """Compare every resource sent with the context.

    Raises:
        WrongPatient: A Patient has another id, a subject is somebody else or missing, or the
            resource under the key `encounter` is another stay.
    """
    for sent in prefetched.sent:
        _expect_subject(sent, f"Patient/{context.patientId}")
        if sent.key == "encounter" and sent.resource["id"] != context.encounterId:
            raise WrongPatient(f"{sent.path}.id", STAY)


def _expect_subject(sent: Sent, expected: str) -> None:
    kind, found = sent.resource["resourceType"], patient_of(sent.resource)
    may_be_silent = kind != "Patient" and (kind not in PATHS or kind in NEVER_ALONE)
    if found != expected and not (found is None and may_be_silent):
        raise WrongPatient(f"{sent.path}.{PATHS.get(kind, 'id')}", SUBJECT)
