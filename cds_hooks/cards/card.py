"""A card of CDS Hooks 2.0 about one assessment.

https://cds-hooks.hl7.org/2.0/#card-attributes
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from cds_hooks.cards.measures import (
    MEASURES,
    RISK_ASSESSMENT,
    Measure,
    service_request,
    suggestion_id,
)
from cds_hooks.cards.overrides import override_reasons
from cds_hooks.cards.wording import detail, summary
from cds_hooks.risk_assessment import View, client_view, risk_assessment
from cds_hooks.scoring.assess import Assessment
from cds_hooks.service import Level

INDICATORS: Mapping[Level, str] = {"low": "info", "moderate": "warning", "high": "critical"}
# Clients remember what was overridden by the topic: it never changes from call to call.
TOPIC = {
    "system": "http://homeward.dev/fhir/CodeSystem/card-topic",
    "code": "readmissionrisk30days",
    "display": "Risk of readmission within 30 days",
}


def card(assessment: Assessment, level: Level, card_id: UUID, source_url: str) -> dict[str, Any]:
    """The card; every field of it has a value, none is null or empty."""
    return {
        "uuid": str(card_id),
        "summary": summary(assessment.score, level),
        "detail": detail(assessment.score, assessment.provenance),
        "indicator": INDICATORS[level],
        "source": {"label": "Homeward", "url": source_url, "topic": TOPIC},
        "suggestions": list(_suggestions(assessment, level, card_id)),
        "selectionBehavior": "any",
        "overrideReasons": override_reasons(),
    }


def _suggestions(assessment: Assessment, level: Level, card_id: UUID) -> Iterator[dict[str, Any]]:
    """The measures, then filing the assessment itself; one action each, as some clients demand."""
    view = client_view(assessment)
    for measure in MEASURES[level]:
        yield _ordering(measure, view, card_id)
    filed = risk_assessment(assessment.score, view, level, "preliminary")
    label = "File this risk assessment in the record"
    yield _suggestion(card_id, RISK_ASSESSMENT, label, filed)


def _ordering(measure: Measure, view: View, card_id: UUID) -> dict[str, Any]:
    return _suggestion(card_id, measure.key, measure.label, service_request(measure, view))


def _suggestion(card_id: UUID, key: str, label: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": label,
        "uuid": str(suggestion_id(card_id, key)),
        "actions": [{"type": "create", "description": label, "resource": resource}],
    }
