"""Episodes: acute stays that are one hospitalisation, joined as CMS joins them.

CMS Hospital-Wide Readmission measure, methodology of 2019: two stays are one when the patient
leaves and comes back to the same hospital on the same day with the same principal diagnosis, or
enters another acute hospital on the day of discharge or the day after, whatever the disposition
says. Stays of one patient that overlap are one as well, and flagged.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from etl.labels.stays import Stay
from etl.rules import SiteRules

Join = Literal["same_day", "transfer", "overlap"]


@dataclass(frozen=True, slots=True)
class Episode:
    """Acute stays that count as one, in the order of admission.

    Attributes:
        stays: At least one; the first decides who is eligible.
        joins: Why each stay after the first belongs to the episode.
    """

    stays: tuple[Stay, ...]
    joins: tuple[Join, ...] = ()

    @property
    def first(self) -> Stay:
        """The stay by which the patient came in."""
        return self.stays[0]

    @property
    def last(self) -> Stay:
        """The stay that ends last: where the patient went, and when."""
        return max(self.stays, key=ending)

    @property
    def others(self) -> tuple[Stay, ...]:
        """All stays but the last one."""
        last = self.last
        return tuple(stay for stay in self.stays if stay is not last)


def ending(stay: Stay) -> tuple[bool, datetime, str]:
    """Order by discharge; a stay that is still open ends last."""
    return stay.discharged_at is None, stay.discharged_at or stay.admitted_at, stay.encounter_id


def is_acute(stay: Stay, rules: SiteRules) -> bool:
    """Whether the site counts the stay as acute inpatient care."""
    if stay.encounter_class not in rules.inpatient_classes:
        return False
    if rules.inpatient_needs_service and not stay.services:
        return False
    pairs = (*stay.types, *stay.services) if rules.not_acute_types else ()
    names = {name for pair in pairs for name in (pair.rpartition("//")[2], piped(pair))}
    return names.isdisjoint(rules.not_acute_types)


def piped(pair: str) -> str:
    """`system|code`, as a site writes it in its settings."""
    system, _, code = pair.rpartition("//")
    return f"{system}|{code}"


def episodes_of(stays: Iterable[Stay]) -> list[Episode]:
    """Episodes of acute stays that come in the order of admission."""
    episodes: list[Episode] = []
    for stay in stays:
        join = why_joined(episodes[-1], stay) if episodes else None
        if join is None:
            episodes.append(Episode((stay,)))
        else:
            before = episodes[-1]
            episodes[-1] = Episode((*before.stays, stay), (*before.joins, join))
    return episodes


def why_joined(episode: Episode, stay: Stay) -> Join | None:
    """Why a later stay is part of the episode; None when it begins a new one.

    Two hospitals are two only when both are named; two principal diagnoses are the same when both
    are unknown, as coding that is missing cannot show a new illness. A stay whose end was never
    sent joins nothing: the later admission shows that it ended, not when.
    """
    before = episode.last
    if before.discharged_at is None or before.discharged_on is None:
        return None
    gap_days = (stay.admitted_on - before.discharged_on).days
    if stay.admitted_at < before.discharged_at and gap_days < 0:
        return "overlap"
    if elsewhere(before, stay):
        return "transfer" if gap_days <= 1 else None
    return "same_day" if gap_days <= 0 and same_illness(before, stay) else None


def elsewhere(before: Stay, stay: Stay) -> bool:
    """Whether the two stays are known to be in different hospitals."""
    return None not in (before.hospital, stay.hospital) and before.hospital != stay.hospital


def same_illness(before: Stay, stay: Stay) -> bool:
    """Whether the principal diagnoses share a coding, or are both unknown."""
    return before.principal == stay.principal or not set(before.principal).isdisjoint(
        stay.principal
    )
