"""Preventive measures: the order, what was done, and for a call the task ticked off."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from homeward.simulation.chance import fresh_id
from homeward.simulation.clock import stamp
from homeward.simulation.lives import Order
from homeward.simulation.measures import MEASURES
from homeward.simulation.resources.parts import (
    SNOMED,
    Known,
    Resource,
    concept,
    to,
    to_clinician,
)

ORDERED_AFTER = timedelta(minutes=90)


def measure_resources(rng: Random, patient_id: str, order: Order) -> Iterator[Known]:
    """The ServiceRequest and, once it was done, its completion, the Procedure and the Task."""
    request = service_request(rng, patient_id, order)
    ordered_at = order.stay.ended + ORDERED_AFTER
    yield Known(ordered_at, request)
    if order.done_at is None:
        return
    yield Known(order.done_at, {**request, "status": "completed"})
    yield Known(order.done_at, procedure(rng, patient_id, order, request["id"], order.done_at))
    if order.measure == "follow_up_call":
        yield Known(order.done_at, task(rng, patient_id, order, request["id"], order.done_at))


def service_request(rng: Random, patient_id: str, order: Order) -> Resource:
    """The order, made shortly after discharge."""
    measure = MEASURES[order.measure]
    return {
        "resourceType": "ServiceRequest",
        "id": fresh_id(rng),
        "status": "active",
        "intent": "order",
        "code": concept(SNOMED, measure.code, measure.display),
        "subject": to("Patient", patient_id),
        "encounter": to("Encounter", order.stay.id),
        "authoredOn": stamp(order.stay.ended + ORDERED_AFTER),
        "requester": to_clinician(order.stay.doctor),
    }


def procedure(
    rng: Random, patient_id: str, order: Order, request_id: str, done_at: datetime
) -> Resource:
    """The measure as done."""
    measure = MEASURES[order.measure]
    return {
        "resourceType": "Procedure",
        "id": fresh_id(rng),
        "basedOn": [to("ServiceRequest", request_id)],
        "status": "completed",
        "code": concept(SNOMED, measure.code, measure.display),
        "subject": to("Patient", patient_id),
        "performedDateTime": stamp(done_at),
        "performer": [{"actor": to_clinician(order.stay.nurse)}],
    }


def task(
    rng: Random, patient_id: str, order: Order, request_id: str, done_at: datetime
) -> Resource:
    """The call as a task that a nurse has ticked off."""
    measure = MEASURES[order.measure]
    return {
        "resourceType": "Task",
        "id": fresh_id(rng),
        "basedOn": [to("ServiceRequest", request_id)],
        "status": "completed",
        "intent": "order",
        "code": concept(SNOMED, measure.code, measure.display),
        "focus": to("ServiceRequest", request_id),
        "for": to("Patient", patient_id),
        "encounter": to("Encounter", order.stay.id),
        "authoredOn": stamp(order.stay.ended + ORDERED_AFTER),
        "lastModified": stamp(done_at),
        "owner": to_clinician(order.stay.nurse),
    }
