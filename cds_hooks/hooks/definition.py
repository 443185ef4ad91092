"""What a CDS service is: the hook it answers, the context it needs, what it asks to be sent.

https://cds-hooks.hl7.org/2.0/#discovery
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

CDS_HOOKS_VERSION = "2.0.1"
HOOK_VERSION = "1.0"
PLAIN_ID = r"^[A-Za-z0-9\-.]{1,64}$"

# A plain FHIR id; `Patient/1` in patientId is a common mistake, and would name another pseudonym.
PlainId = Annotated[str, StringConstraints(pattern=PLAIN_ID)]


class HookContext(BaseModel):
    """What every served hook says: who looks, and at whom. Fields we do not know are kept out."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    userId: str  # noqa: N815 - the specification names it so
    patientId: PlainId  # noqa: N815
    encounterId: PlainId | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class HookService:
    """One entry of the discovery document.

    Attributes:
        id: Last part of the service's address.
        hook: The hook it answers.
        title: For a person who chooses services.
        description: What it does.
        context: The context it is called with.
        prefetch: Key to query template; tokens are fields of the context.
        required: Keys that the score cannot do without, unless the store knows them.
    """

    id: str
    hook: str
    title: str
    description: str
    context: type[HookContext]
    prefetch: Mapping[str, str]
    required: tuple[str, ...]


PATIENT_HISTORY: Mapping[str, str] = {
    "patient": "Patient/{{context.patientId}}",
    "encounters": "Encounter?patient={{context.patientId}}&_count=100",
    "conditions": "Condition?patient={{context.patientId}}&_count=200",
    "observations": "Observation?patient={{context.patientId}}&_sort=-date&_count=200",
    "medications": "MedicationRequest?patient={{context.patientId}}&_count=100",
    "procedures": "Procedure?patient={{context.patientId}}&_count=100",
    "documents": "DocumentReference?patient={{context.patientId}}&_count=20",
}
"""Only query forms that clients have to support: instance reads, and searches by reference or
token with `_count` (https://cds-hooks.hl7.org/2.0/#prefetch-query-restrictions)."""
