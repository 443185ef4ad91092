"""What a site decides about stays and labels: encounter classes, ages, the end of observation."""

from dataclasses import dataclass, field
from datetime import datetime

INPATIENT_CLASSES = frozenset({"IMP", "ACUTE"})
EMERGENCY_CLASSES = frozenset({"EMER"})


@dataclass(frozen=True, slots=True)
class SiteRules:
    """Site configuration of the label and the features.

    Attributes:
        inpatient_classes: `Encounter.class` codes that count as an acute inpatient stay.
        emergency_classes: `Encounter.class` codes that count as an emergency visit.
        minimum_age: Index discharges of younger patients are excluded, years.
        horizon_days: The readmission window after discharge, days.
        observed_until: UTC; end of what the site has sent. A discharge is mature once the whole
            of its day `horizon_days` lies before it. None: every discharge is followed to its end.
        label_spec: Name and year of the code sets of the label; `etl/labels/` has a file for each.
        not_acute_types: `Encounter.type` or `serviceType` codes, bare or `system|code`, of stays
            in rehabilitation, psychiatric or long-term care: inpatient, but not acute.
        inpatient_needs_service: Whether a stay counts as inpatient only when it names a hospital
            service (`serviceType`); for sites that give stays and emergency visits one class.
        exclude_hospice: Whether discharges to hospice care are no index discharges.
        exclude_against_advice: Whether discharges against medical advice are none.
        exclude_transferred_out: Whether discharges to an acute hospital whose stay there was not
            seen are none.
        exclude_diagnoses: Whether the diagnosis groups that CMS leaves out (cancer treatment,
            rehabilitation, psychiatric) are left out.
        tell_planned: Whether planned readmissions are told from unplanned ones; False counts
            every readmission as unplanned.
    """

    inpatient_classes: frozenset[str] = field(default=INPATIENT_CLASSES)
    emergency_classes: frozenset[str] = field(default=EMERGENCY_CLASSES)
    minimum_age: int = 18
    horizon_days: int = 30
    observed_until: datetime | None = None
    label_spec: str = "cms-hwr-2019"
    not_acute_types: frozenset[str] = frozenset()
    inpatient_needs_service: bool = False
    exclude_hospice: bool = True
    exclude_against_advice: bool = True
    exclude_transferred_out: bool = True
    exclude_diagnoses: bool = True
    tell_planned: bool = True
