"""The hook calls of the demonstration, and what came back for each."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from homeward.demo.server import Address, call_hook, fetch
from homeward.demo.source import Call
from homeward.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeward.house import House

WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Answered:
    """One call, its card, and the RiskAssessment read back over FHIR.

    Attributes:
        call: What was asked.
        card: The first card.
        risk_assessment: As `GET /fhir/RiskAssessment?subject=Patient/{real id}` gives it.
        probability: 0 to 1.
        seconds: From request to answer.
    """

    call: Call
    card: dict[str, Any]
    risk_assessment: dict[str, Any]
    probability: float
    seconds: float


def call_all(house: "House", address: Address, calls: "Sequence[Call]") -> list[Answered]:
    """Ask about every discharge; the first few are asked twice, so that the server is warm.

    Raises:
        CannotStart: There is nothing to ask about, or an answer holds no card.
    """
    if not calls:
        raise CannotStart(f"There is no discharge to ask about at site {house.settings.site}.")
    for call in calls[:WARM_UP]:
        call_hook(address, call)
    return [_answered(address, call) for call in calls]


def _answered(address: Address, call: Call) -> Answered:
    response, seconds = call_hook(address, call)
    if not response["cards"]:
        raise CannotStart("A call about a discharge was answered without a card.")
    assessment = _read_back(address, call)
    percent = assessment["prediction"][0]["probabilityDecimal"]
    return Answered(call, response["cards"][0], assessment, percent / 100, seconds)


def _read_back(address: Address, call: Call) -> dict[str, Any]:
    """The newest RiskAssessment of the patient, asked for by the real id."""
    subject = quote(f"Patient/{call.patient}", safe="")
    found = json.loads(fetch(f"{address.base}/fhir/RiskAssessment?subject={subject}"))
    assessments = [entry["resource"] for entry in found["entry"]]
    newest: dict[str, Any] = max(assessments, key=lambda each: each["meta"]["lastUpdated"])
    return newest
