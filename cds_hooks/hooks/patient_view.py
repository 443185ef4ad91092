"""patient-view: somebody opened the chart.

https://cds-hooks.hl7.org/hooks/patient-view/1.0/
"""

from typing import Annotated

from pydantic import StringConstraints

from cds_hooks.hooks.definition import PATIENT_HISTORY, HookContext, HookService

READERS = "Practitioner|PractitionerRole|Patient|RelatedPerson"


class PatientViewContext(HookContext):
    """The stay may be missing: a chart is opened outside stays too."""

    userId: Annotated[  # noqa: N815 - the specification names it so
        str, StringConstraints(pattern=rf"^({READERS})/[A-Za-z0-9\-.]{{1,64}}$")
    ]


SERVICE = HookService(
    id="readmission-risk",
    hook="patient-view",
    title="Readmission risk",
    description="Risk of an unplanned return to hospital within 30 days, were the patient "
    "discharged now, and the reasons for it",
    context=PatientViewContext,
    prefetch=PATIENT_HISTORY,
    required=("patient",),
)
