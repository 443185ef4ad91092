"""What an event does to a visit: its status, its period, and where the patient has been.

| event           | status      | period                   | locations                       |
|-----------------|-------------|--------------------------|---------------------------------|
| A01 A04 A06 A07 | in-progress | begins at PV1-44         | PV1-3 becomes the active one    |
| A02             | in-progress |                          | the last one ends, PV1-3 begins |
| A03             | finished    | ends at PV1-45, else EVN | the active one ends             |
| A05             | planned     | begins at PV1-44         | PV1-3 is planned                |
| A08             | as it was   |                          | as A02 when PV1-3 has changed   |
| A11             | cancelled   |                          |                                 |
| A13             | in-progress | its end is taken back    | the last one is active again    |

HL7 v2.8, 3.3.1 to 3.3.13.
"""

from datetime import tzinfo

from fhir_api.hl7v2.conversion.assembly import Assembly, Json
from fhir_api.hl7v2.conversion.draft import Draft
from fhir_api.hl7v2.conversion.places import location
from fhir_api.hl7v2.conversion.times import instant_of
from fhir_api.hl7v2.wire.message import Message

AS_IT_WAS, IN_PROGRESS, FINISHED, PLANNED = "as-it-was", "in-progress", "finished", "planned"
ACTIVE, COMPLETED = "active", "completed"
TRANSFER = "A02"
DISCHARGE = "hospitalization.dischargeDisposition"


def after_event(
    draft: Draft, message: Message, event: str, earlier: Json | None, assembly: Assembly
) -> Json:
    """The visit after the event.

    Args:
        draft: What the fields say.
        message: For times and places.
        event: Trigger event; `mapping.toml` says its status.
        earlier: The visit as it was known, or None.
        assembly: Where its locations go.
    """
    pv1, clock = message.first("PV1"), assembly.clock
    status = status_after(assembly.vocabulary.events[event], message, earlier)
    draft.resource["status"] = status
    draft.put("period.start", pv1, 44, clock.moment(pv1, 44))
    if status == IN_PROGRESS:
        draft.deleted |= {"period.end", DISCHARGE}
    else:
        draft.put("period.end", pv1, 45, clock.moment(pv1, 45))
    if status == FINISHED and not known_end(draft, earlier):
        draft.resource.setdefault("period", {})["end"] = event_moment(message, assembly)
    history = [dict(each) for each in (earlier or {}).get("location", [])]
    move(history, message, event, draft, assembly)
    if history:
        period = (earlier or {}).get("period", {}) | draft.resource.get("period", {})
        settle(history[-1], status, period, clock.zone)
    draft.resource["location"] = history
    whole = draft.over(earlier)
    whole.setdefault("class", assembly.vocabulary.coding("0004", "U"))
    return whole


def status_after(rule: str, message: Message, earlier: Json | None) -> str:
    """The status of the visit: the event's, or what it was, or what the fields let one see."""
    if rule != AS_IT_WAS:
        return rule
    if earlier:
        return str(earlier["status"])
    pv1 = message.first("PV1")
    if pv1.text(45):
        return FINISHED
    return PLANNED if pv1.text(2) == "P" else IN_PROGRESS


def known_end(draft: Draft, earlier: Json | None) -> bool:
    """Whether the end of the visit is told, or was known of a visit that had finished."""
    told = "end" in draft.resource.get("period", {})
    finished = earlier is not None and earlier["status"] == FINISHED
    return told or (finished and "end" in (earlier or {}).get("period", {}))


def event_moment(message: Message, assembly: Assembly) -> str:
    """When it happened: EVN-6, else EVN-2, else MSH-7, else when the message came."""
    evn, clock = message.first("EVN"), assembly.clock
    for segment, field in ((evn, 6), (evn, 2), (message.header, 7)):
        if moment := clock.moment(segment, field):
            return moment
    return clock.received_at.isoformat(timespec="seconds")


def move(
    history: list[Json], message: Message, event: str, draft: Draft, assembly: Assembly
) -> None:
    """Add where the patient was and is to a visit's history, oldest first."""
    pv1, moment = message.first("PV1"), event_moment(message, assembly)
    here, before = location(pv1.value(3), assembly), location(pv1.value(6), assembly)
    admitted = draft.resource.get("period", {}).get("start")
    began = moment if history or event == TRANSFER else admitted if not before else None
    if not history and before and before != here:
        history.append({"location": before} | ({"period": {"end": began}} if began else {}))
    if here and (not history or history[-1]["location"] != here):
        if history:
            close(history[-1], began, assembly.clock.zone)
        history.append({"location": here} | ({"period": {"start": began}} if began else {}))


def close(last: Json, moment: str | None, zone: tzinfo) -> None:
    """End the last stay of a history, unless it has ended."""
    if moment and last.get("status") != COMPLETED:
        last["period"] = ended(last.get("period", {}), moment, zone)
    last["status"] = COMPLETED


def settle(last: Json, status: str, visit: Json, zone: tzinfo) -> None:
    """Give the last stay the status, and the end, that the visit's status asks for."""
    period = {name: value for name, value in last.pop("period", {}).items() if name == "start"}
    last["status"] = {IN_PROGRESS: ACTIVE, PLANNED: PLANNED}.get(status, COMPLETED)
    if last["status"] == COMPLETED and "end" in visit:
        period = ended(period, visit["end"], zone)
    if period:
        last["period"] = period


def ended(period: Json, end: str, zone: tzinfo) -> Json:
    """A period with an end; a beginning that would lie after it is left out."""
    start = period.get("start")
    is_before = start is not None and instant_of(start, zone) <= instant_of(end, zone)
    return ({"start": start} if is_before else {}) | {"end": end}
