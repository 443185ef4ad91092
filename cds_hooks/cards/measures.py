"""Preventive measures a card may suggest, as orders the client can file.

They are what guidelines offer after discharge and grow with the risk: nobody is sent home visits
for a low one. Contact within two business days and reconciled medicines are parts of transitional
care management (CMS, CPT 99495 and 99496); visits at home lowered readmission in trials of
high-risk patients (Coleman et al. 2006, doi 10.1001/archinte.166.17.1822).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from cds_hooks.risk_assessment import View, fhir_instant
from cds_hooks.service import Level

SNOMED = "http://snomed.info/sct"
RISK_ASSESSMENT = "risk-assessment"  # the one suggestion that is no measure


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing to order.

    Attributes:
        key: Name in our ledger.
        label: On the button.
        code: SNOMED CT.
        display: Of the code.
        within: After discharge.
    """

    key: str
    label: str
    code: str
    display: str
    within: timedelta


FOLLOW_UP_CALL = Measure(
    "follow-up-call",
    "Order a follow-up call within 2 days",
    "185317003",
    "Telephone encounter",
    timedelta(days=2),
)
MEDICATION_RECONCILIATION = Measure(
    "medication-reconciliation",
    "Order medication reconciliation",
    "430193006",
    "Medication reconciliation",
    timedelta(days=2),
)
HOME_VISIT = Measure(
    "home-visit",
    "Order a home visit within 7 days",
    "439708006",
    "Home visit",
    timedelta(days=7),
)
MEASURES: dict[Level, tuple[Measure, ...]] = {
    "low": (),
    "moderate": (FOLLOW_UP_CALL, MEDICATION_RECONCILIATION),
    "high": (FOLLOW_UP_CALL, MEDICATION_RECONCILIATION, HOME_VISIT),
}
SUGGESTION_KEYS = (RISK_ASSESSMENT, *(measure.key for measure in MEASURES["high"]))


def suggestion_id(card_id: UUID, key: str) -> UUID:
    """The uuid of a suggestion, made from its card's: feedback then tells which was accepted."""
    return uuid5(card_id, key)


def accepted_key(card_id: UUID, suggestion: str) -> str | None:
    """Key of the suggestion with this uuid on the card; None when the card never had it."""
    for key in SUGGESTION_KEYS:
        if str(suggestion_id(card_id, key)) == suggestion.lower():
            return key
    return None


def service_request(measure: Measure, view: View) -> dict[str, Any]:
    """The order as a proposal: a clinician signs it in the client."""
    encounter = {"encounter": {"reference": f"Encounter/{view.encounter}"}}
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {
            "coding": [{"system": SNOMED, "code": measure.code, "display": measure.display}],
            "text": measure.display,
        },
        "subject": {"reference": f"Patient/{view.patient}"},
        **(encounter if view.encounter else {}),
        "occurrencePeriod": {
            "start": fhir_instant(view.as_of),
            "end": fhir_instant(view.as_of + measure.within),
        },
        "reasonCode": [{"text": "Risk of unplanned readmission within 30 days"}],
    }
