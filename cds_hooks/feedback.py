"""What clinicians did with cards, as clients report it: in batches, repeated, in dialects.

Every sound item is stored, even if its neighbours are not, and even for a card that is not ours.
A comment in free text may name a patient; only that there was one is kept.
https://cds-hooks.hl7.org/2.0/#feedback
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Engine

from cds_hooks.cards.measures import accepted_key
from cds_hooks.cards.overrides import OVERRIDE_REASONS
from cds_hooks.errors import InvalidCall
from fhir_api.validation.issue import Issue
from monitoring.ledger import predictions_behind, record_feedback
from monitoring.tables import Feedback

OUTCOMES = ("accepted", "overridden")
OTHER_REASON = "other"
MOST_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One answer to one card, as far as it is kept.

    Attributes:
        card_id: uuid of the card; a name made from it where a client echoes none.
        outcome: accepted or overridden.
        measure: Key of the accepted suggestion.
        reason_code: One of ours, or `other`.
        commented: Whether words came with it.
        outcome_at: By the client's clock.
    """

    card_id: UUID
    outcome: str
    measure: str | None
    reason_code: str | None
    commented: bool
    outcome_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackRead:
    """The sound items of a batch, and what is wrong with the others."""

    items: list[FeedbackItem] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def read_feedback(value: Any) -> FeedbackRead:
    """Read a feedback body.

    Raises:
        InvalidCall: There is no list of items, or none of them is sound.
    """
    given = value.get("feedback") if isinstance(value, dict) else None
    if not isinstance(given, list) or not 0 < len(given) <= MOST_ITEMS:
        wanted = f"feedback must be a list of 1 to {MOST_ITEMS} items."
        raise InvalidCall([Issue("structure", wanted, "feedback")])
    read = FeedbackRead()
    for index, item in enumerate(given):
        wrong = _wrong(item, f"feedback[{index}]")
        read.issues.extend(wrong)
        read.items.extend([] if wrong else _items(item))
    if not read.items:
        raise InvalidCall(read.issues)
    return read


def store_feedback(
    engine: Engine, site: str, service_id: str, items: Sequence[FeedbackItem], now: datetime
) -> int:
    """Add what is new; the number of rows added."""
    behind = predictions_behind(engine, site, {item.card_id for item in items})
    rows = [_row(item, site, service_id, behind.get(item.card_id), now) for item in items]
    return record_feedback(engine, list({row.digest: row for row in rows}.values()))


def _wrong(item: Any, path: str) -> list[Issue]:
    if not isinstance(item, dict):
        return [Issue("structure", f"{path} must be an object.", path)]
    checks = {
        "card": ("the uuid of a card", isinstance(item.get("card"), str) and bool(item["card"])),
        "outcome": ("accepted or overridden", item.get("outcome") in OUTCOMES),
        "outcomeTimestamp": ("a moment with a time zone", _moment(item) is not None),
    }
    return [
        Issue("value", f"{path}.{name} must be {meaning}.", f"{path}.{name}")
        for name, (meaning, holds) in checks.items()
        if not holds
    ]


def _moment(item: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(item.get("outcomeTimestamp", ""))
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _items(item: Mapping[str, Any]) -> Iterator[FeedbackItem]:
    """One for each accepted suggestion; one in all when none is named."""
    moment = _moment(item)
    assert moment is not None
    card_id = _card_id(item["card"])
    reason_code, commented = _reason(item)
    measures: list[str | None] = [*_measures(card_id, item)]
    for measure in measures or [None]:
        yield FeedbackItem(card_id, item["outcome"], measure, reason_code, commented, moment)


def _card_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:  # some clients echo ids of their own
        return uuid5(NAMESPACE_URL, text)


def _measures(card_id: UUID, item: Mapping[str, Any]) -> list[str]:
    accepted = item.get("acceptedSuggestions")
    names = [
        accepted_key(card_id, str(each.get("id")))
        for each in (accepted if isinstance(accepted, list) else [])
        if isinstance(each, dict)
    ]
    return [name for name in names if name is not None]


def _reason(item: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Coded reason and whether a comment came; Epic writes `overrideReasons`, and extensions."""
    given = item.get("overrideReason") or item.get("overrideReasons")
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, dict):
        return None, False
    commented = bool(first.get("userComment"))
    coded = first.get("reason")
    if isinstance(coded, dict) and coded.get("code") in OVERRIDE_REASONS:
        return str(coded["code"]), commented
    return (OTHER_REASON if coded or "extension" in first else None), commented


def _row(
    item: FeedbackItem, site: str, service_id: str, prediction_id: UUID | None, now: datetime
) -> Feedback:
    said = (item.card_id, item.outcome, item.measure, item.reason_code, item.outcome_at.isoformat())
    return Feedback(
        site=site,
        digest=hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest(),
        service=service_id,
        card_id=item.card_id,
        prediction_id=prediction_id,
        outcome=item.outcome,
        measure=item.measure,
        reason_code=item.reason_code,
        commented=item.commented,
        outcome_at=item.outcome_at,
        received_at=now,
    )
