"""Answer one hook call: score, write the score down, then show it."""

from typing import Any
from uuid import UUID, uuid4

from cds_hooks.cards.card import INDICATORS, card
from cds_hooks.latency import Stopwatch
from cds_hooks.request import HookCall
from cds_hooks.risk_assessment import stored_resource
from cds_hooks.scoring.assess import Assessment, assess
from cds_hooks.service import CdsService
from etl.features.catalogue import SCHEMA_HASH
from monitoring.ledger import record
from monitoring.tables import Prediction


def answer(parts: CdsService, call: HookCall, watch: Stopwatch) -> dict[str, Any]:
    """The CDS Hooks response to a checked call.

    The ledger comes first and the card last: no card is ever shown that the ledger, and so the
    performance report, does not know.

    Raises:
        HookError: No score could be made; it says why and with which status.
    """
    assessment = assess(parts, call, watch)
    level = parts.thresholds.level(assessment.score.probability)
    card_id = uuid4() if parts.options.arm == "shown" else None
    with watch.part("record"):
        record(parts.engine, _ledger_row(parts, assessment, watch, card_id))
        parts.store.write([stored_resource(assessment, level, parts.keys)])
    version = assessment.score.model_version
    indicator = INDICATORS[level]
    parts.metrics.predictions.labels(call.service.id, version, parts.options.arm, indicator).inc()
    if card_id is None:
        return {"cards": []}
    return {"cards": [card(assessment, level, card_id, parts.options.source_url)]}


def _ledger_row(
    parts: CdsService, assessment: Assessment, watch: Stopwatch, card_id: UUID | None
) -> Prediction:
    call, score = assessment.call, assessment.score
    return Prediction(
        id=assessment.prediction_id,
        site=parts.site,
        patient_id=assessment.patient_id,
        encounter_id=assessment.stay.encounter_id if assessment.stay else None,
        hook=call.service.hook,
        hook_instance=call.hook_instance,
        service=call.service.id,
        model_version=score.model_version,
        schema_hash=SCHEMA_HASH,
        feature_watermark=assessment.watermark,
        as_of=assessment.shifted_as_of,
        made_at=parts.now(),
        probability=score.probability,
        base_rate=score.base_rate,
        arm=parts.options.arm,
        inputs_known=score.inputs_known,
        inputs_total=score.inputs_total,
        latency_ms=1000 * watch.seconds(),
        card_id=card_id,
    )
