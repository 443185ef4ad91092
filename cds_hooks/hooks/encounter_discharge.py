"""encounter-discharge: somebody is discharging the patient.

https://cds-hooks.hl7.org/hooks/encounter-discharge/1.0/
"""

from typing import Annotated

from pydantic import StringConstraints

from cds_hooks.hooks.definition import PATIENT_HISTORY, HookContext, HookService, PlainId


class EncounterDischargeContext(HookContext):
    """The stay that ends is named; only staff discharge."""

    userId: Annotated[  # noqa: N815 - the specification names it so
        str, StringConstraints(pattern=r"^(Practitioner|PractitionerRole)/[A-Za-z0-9\-.]{1,64}$")
    ]
    encounterId: PlainId  # noqa: N815


SERVICE = HookService(
    id="readmission-risk-discharge",
    hook="encounter-discharge",
    title="Readmission risk at discharge",
    description="Risk of an unplanned return within 30 days of discharge, the reasons for it, and "
    "preventive measures to order",
    context=EncounterDischargeContext,
    prefetch={
        "patient": PATIENT_HISTORY["patient"],
        "encounter": "Encounter/{{context.encounterId}}",
        **PATIENT_HISTORY,
    },
    required=("patient", "encounter"),
)
