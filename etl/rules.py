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
        observed_until: UTC; end of what the site has sent. Discharges less than `horizon_days`
            before it are not mature. None: every discharge is followed to its end.
        label_spec: Name and year of the code sets of the label.
    """

    inpatient_classes: frozenset[str] = field(default=INPATIENT_CLASSES)
    emergency_classes: frozenset[str] = field(default=EMERGENCY_CLASSES)
    minimum_age: int = 18
    horizon_days: int = 30
    observed_until: datetime | None = None
    label_spec: str = "cms-hwr-2019"
