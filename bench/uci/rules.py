"""The label rules of this benchmark: what the published label counts, and nothing else.

The published label is "back as an inpatient within 30 days", whatever the age, the diagnosis, the
plan and the place discharged to. So the exclusions that CMS makes are off, and planned
readmissions count; deaths and hospice stay excluded, since nobody comes back from there. Every
stay was followed to its end.
"""

from etl.rules import SiteRules

UCI_RULES = SiteRules(
    minimum_age=0,
    observed_until=None,
    exclude_hospice=True,
    exclude_against_advice=False,
    exclude_transferred_out=False,
    exclude_diagnoses=False,
    tell_planned=False,
)
OUTSIDE_REASON = "not_discharged"  # how the label logic names the readmissions beyond the file
UNSCORED_REASONS = frozenset({"died_in_hospital", "hospice"})
