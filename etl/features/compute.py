"""One row of features for one patient at one moment: the only definition there is.

Spark runs this function for every index discharge, the hook for one patient; both get the same
bits. It is pure: what became available after `as_of`, the order of events and repeated events
change nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from etl.events.event import Event
from etl.features.catalogue import NAMES
from etl.features.comorbidities import comorbidities
from etl.features.encounter_facts import encounter_facts
from etl.features.measurements import measurements
from etl.features.medicines import medicines
from etl.features.person import person
from etl.features.prior_use import prior_use
from etl.features.row import FeatureRow
from etl.features.scores import scores
from etl.features.sequence import stay_codes, steps
from etl.features.this_stay import this_stay
from etl.features.view import View, view_of
from etl.features.written import note_keys, written
from etl.rules import SiteRules

GROUPS = (
    person, this_stay, prior_use, comorbidities, measurements, medicines, written, encounter_facts,
)  # fmt: skip


def feature_row(
    events: Sequence[Event], as_of: datetime, encounter_id: str | None, rules: SiteRules
) -> FeatureRow:
    """What the model may know of a patient at `as_of`.

    Args:
        events: All events of one patient, in any order.
        as_of: UTC; the discharge, or the moment the chart is opened.
        encounter_id: Pseudonym of the stay that is (or will be) discharged; None outside a stay.
            A stay that nothing is known of gives a row of unknowns.
        rules: The site's classes of encounters.

    Returns:
        Values in the order of `catalogue.NAMES`. `patient_id` is empty when there are no events.
    """
    view = view_of(events, as_of, encounter_id, rules)
    values = feature_values(view)
    return FeatureRow(
        patient_id=events[0].patient_id if events else "",
        encounter_id=encounter_id,
        as_of=as_of,
        values=tuple(values[name] for name in NAMES),
        stay_codes=stay_codes(view),
        steps=steps(view),
        note_keys=note_keys(view),
    )


def feature_values(view: View) -> dict[str, float]:
    """Every feature by name; the scores rest on the others and come last."""
    values: dict[str, float] = {}
    for group in GROUPS:
        values |= group(view)
    return values | scores(view, values)
