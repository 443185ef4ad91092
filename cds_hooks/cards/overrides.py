"""Why a clinician may set a card aside: the coded reasons offered on it.

The code system comes with CDS Hooks 3.0 (STU 3 ballot) and works in 2.0 clients as it is.
"""

from collections.abc import Mapping

OVERRIDE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
OVERRIDE_REASONS: Mapping[str, str] = {
    "action-completed": "Already done",
    "indication-order-exists": "Already ordered",
    "patient-ineligible": "Does not apply to this patient",
    "wrong-time-workflow": "Not the right moment",
    "inappropriate-recipient": "Not for me to decide",
    "does-not-trust": "I do not agree with the estimate",
}


def override_reasons() -> list[dict[str, str]]:
    """`card.overrideReasons`."""
    return [
        {"code": code, "system": OVERRIDE_SYSTEM, "display": display}
        for code, display in OVERRIDE_REASONS.items()
    ]
