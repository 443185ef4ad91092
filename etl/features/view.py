"""What was known of one patient at one moment: the only thing features may look at.

Nothing here became available after `as_of`. A fact without any date of its own that names an
encounter is known once that encounter has ended, or when it is the very stay being discharged.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from etl.events.event import Event
from etl.events.patient import BIRTH
from etl.events.table import canonical
from etl.labels.episodes import Episode, ending, episodes_of, is_acute
from etl.labels.stays import Stay, by_encounter, calendar_day, stays_of, whole_of
from etl.rules import SiteRules

DAY = timedelta(days=1)


class Line(NamedTuple):
    """One visible event: the first word of its code, the rest of it, and when to place it."""

    kind: str
    rest: str
    time: datetime | None
    event: Event


class Spell(NamedTuple):
    """One hospitalisation as far as it was known, with the lines that belong to it."""

    admitted_at: datetime
    ended_at: datetime
    stays: tuple[Stay, ...]
    lines: list[Line]

    @property
    def days(self) -> float:
        """Length of stay as CMS counts it: nights, so that one day's stay is 0."""
        last = max(self.stays, key=ending)
        day = last.discharged_on or calendar_day(self.ended_at, last.minutes_east)
        return float((day - self.stays[0].admitted_on).days)


@dataclass(frozen=True, slots=True)
class View:
    """One patient as known at `as_of`.

    Attributes:
        as_of: UTC; the moment of prediction.
        anchor: UTC; where "before this stay" ends: the index admission, else `as_of`.
        born_at: UTC; None when not known.
        classes: Values of each demographic kind.
        index: The stay being discharged; None outside a stay.
        earlier: Hospitalisations that had ended by the anchor, oldest first.
        visits: Encounters that are no acute stay and began before the anchor, oldest first.
        lines: All visible events in canonical order.
    """

    as_of: datetime
    anchor: datetime
    born_at: datetime | None
    classes: Mapping[str, tuple[str, ...]]
    index: Spell | None
    earlier: list[Spell]
    visits: list[Stay]
    lines: list[Line]


def view_of(
    events: Sequence[Event], as_of: datetime, encounter_id: str | None, rules: SiteRules
) -> View:
    """The patient as known at `as_of`, about to leave the stay `encounter_id` if one is given."""
    seen = visible(canonical(events), as_of, encounter_id)
    stays = stays_of([line.event for line in seen], rules)
    acute = [stay for stay in stays if is_acute(stay, rules)]
    episodes = episodes_of(acute)
    index = index_episode(episodes, stays, encounter_id)
    anchor = index.first.admitted_at if index else as_of
    before = [each for each in episodes if each is not index and ended_by(each, anchor)]
    shared = shared_lines(seen, [*before, *([index] if index else [])], as_of)
    own = {stay.encounter_id for stay in index.stays} if index else set()
    inpatient = {stay.encounter_id for stay in acute} | own
    return View(
        as_of=as_of,
        anchor=anchor,
        born_at=birth(seen),
        classes=demographic_classes(seen),
        index=spell(index, shared, as_of) if index else None,
        earlier=[spell(each, shared, anchor) for each in before],
        visits=[
            stay
            for stay in stays
            if stay.encounter_id not in inpatient and stay.admitted_at < anchor
        ],
        lines=seen,
    )


def visible(events: Iterable[Event], as_of: datetime, encounter_id: str | None) -> list[Line]:
    """Events available by `as_of`, each placed in time where that is possible."""
    seen: list[Line] = []
    undated: list[Line] = []
    for event in events:
        known = event.available or event.time
        if known is not None and known > as_of:
            continue
        kind, _, rest = event.code.partition("//")
        line = Line(kind, rest, event.time or event.available, event)
        if known is None and event.encounter_id is not None:
            undated.append(line)
        else:
            seen.append(line)
    return seen + placed(undated, seen, as_of, encounter_id) if undated else seen


def placed(
    undated: Sequence[Line], dated: Sequence[Line], as_of: datetime, encounter_id: str | None
) -> list[Line]:
    """Undated lines of ended encounters at their end, those of the index stay at `as_of`."""
    told = by_encounter(line.event for line in dated if line.event.resource_type == "Encounter")
    wholes = whole_of(told)
    index = wholes.get(encounter_id or "", encounter_id)
    ends: dict[str, datetime] = {}
    for line in dated:
        if line.kind == "DISCHARGE" and line.time and line.event.encounter_id:
            ends[line.event.encounter_id] = max(
                line.time, ends.get(line.event.encounter_id, line.time)
            )
    found = []
    for line in undated:
        name = line.event.encounter_id or ""
        own = index is not None and wholes.get(name, name) == index
        time = ends.get(name) or (as_of if own else None)
        if time is not None:
            found.append(line._replace(time=time))
    return found


def index_episode(
    episodes: Iterable[Episode], stays: Iterable[Stay], encounter_id: str | None
) -> Episode | None:
    """The episode of the encounter; a stay that is not acute stands alone."""
    if encounter_id is None:
        return None
    for episode in episodes:
        if any(encounter_id in (stay.encounter_id, *stay.parts) for stay in episode.stays):
            return episode
    found = (stay for stay in stays if encounter_id in (stay.encounter_id, *stay.parts))
    alone = next(found, None)
    return Episode((alone,)) if alone else None


def ended_by(episode: Episode, anchor: datetime) -> bool:
    """Whether the whole episode was over when the index stay began."""
    ends = [stay.discharged_at for stay in episode.stays]
    return all(end is not None and end <= anchor for end in ends)


def shared_lines(
    lines: Iterable[Line], episodes: Iterable[Episode], as_of: datetime
) -> dict[int, list[Line]]:
    """Lines of each episode: those that name one of its encounters, or happened in its time."""
    owner: dict[str, int] = {}
    spans: list[tuple[datetime, datetime, int]] = []
    for episode in episodes:
        for stay in episode.stays:
            owner |= dict.fromkeys((stay.encounter_id, *stay.parts), id(episode))
            spans.append((stay.admitted_at, stay.discharged_at or as_of, id(episode)))
    shared: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        name = line.event.encounter_id
        whose = owner.get(name) if name else within(line.time, spans)
        if whose is not None:
            shared[whose].append(line)
    return shared


def within(time: datetime | None, spans: Iterable[tuple[datetime, datetime, int]]) -> int | None:
    """The first span that holds the time."""
    if time is None:
        return None
    return next((whose for start, end, whose in spans if start <= time <= end), None)


def spell(episode: Episode, shared: Mapping[int, list[Line]], as_of: datetime) -> Spell:
    """The episode with its lines; one that is still open ends at `as_of`."""
    ended_at = episode.last.discharged_at or as_of
    return Spell(episode.first.admitted_at, ended_at, episode.stays, shared.get(id(episode), []))


def birth(lines: Iterable[Line]) -> datetime | None:
    """The earliest birth that was told."""
    return min((line.time for line in lines if line.kind == BIRTH and line.time), default=None)


def demographic_classes(lines: Iterable[Line]) -> dict[str, tuple[str, ...]]:
    """Sorted values by kind, such as marital: (M,)."""
    found = defaultdict(set)
    for line in lines:
        if line.kind == "DEMOGRAPHIC":
            kind, _, value = line.rest.partition("//")
            found[kind].add(value)
    return {kind: tuple(sorted(values)) for kind, values in found.items()}
