"""Which stay the score is about, and the moment it speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cds_hooks.hooks.definition import HookContext
from cds_hooks.scoring.history import History
from etl.events.event import Event
from etl.events.table import order
from etl.rules import SiteRules
from privacy.keys import SiteKeys
from privacy.pseudonyms import pseudonym

ADMISSION = "ADMISSION//"
DISCHARGE = "DISCHARGE//"
ENCOUNTER = "Encounter/"


@dataclass(frozen=True, slots=True)
class Stay:
    """The stay of a call.

    Attributes:
        real_id: As the client knows it; None when only the store knows the stay.
        encounter_id: Its pseudonym.
    """

    real_id: str | None
    encounter_id: str


def stay_of(
    context: HookContext,
    references: Iterable[str],
    keys: SiteKeys,
    history: History,
    rules: SiteRules,
) -> Stay | None:
    """The stay the context names, or else the newest inpatient stay that has not ended.

    `references` are the `Type/real-id` of what the client sent; by them a stay that was found
    under its pseudonym gets its real id back.
    """
    if context.encounterId:
        return Stay(context.encounterId, pseudonym(keys, "Encounter", context.encounterId))
    open_stays = _open_stays(history.events, rules)
    if not open_stays:
        return None
    newest = max(open_stays, key=order).resource_id
    sent = [each.removeprefix(ENCOUNTER) for each in references if each.startswith(ENCOUNTER)]
    return Stay({pseudonym(keys, "Encounter", each): each for each in sent}.get(newest), newest)


def ended_at(stay: Stay | None, history: History) -> datetime | None:
    """When the stay ended, on the patient's shifted clock; None while it lasts."""
    if stay is None:
        return None
    ends = (
        event.time
        for event in history.events
        if event.resource_id == stay.encounter_id and event.code.startswith(DISCHARGE)
    )
    return next(ends, None)


def _open_stays(events: Iterable[Event], rules: SiteRules) -> list[Event]:
    """Admissions of inpatient stays that have no discharge."""
    encounters = [event for event in events if event.resource_type == "Encounter"]
    ended = {event.resource_id for event in encounters if event.code.startswith(DISCHARGE)}
    inpatient = {ADMISSION + each for each in rules.inpatient_classes}
    return [
        event for event in encounters if event.code in inpatient and event.resource_id not in ended
    ]
