"""The ledger: every score is written down before its card leaves."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from monitoring.tables import Feedback, Prediction

FEEDBACK_COLUMNS = (
    "site", "digest", "service", "card_id", "prediction_id", "outcome", "measure", "reason_code",
    "commented", "outcome_at", "received_at",
)  # fmt: skip


def record(engine: Engine, prediction: Prediction) -> None:
    """Add one prediction; it is committed when this returns."""
    with Session(engine) as session, session.begin():
        session.add(prediction)


def predictions_behind(engine: Engine, site: str, cards: Iterable[UUID]) -> dict[UUID, UUID]:
    """Card id to prediction id, for those of `cards` that this site issued."""
    statement = select(Prediction.card_id, Prediction.id).where(
        Prediction.site == site, Prediction.card_id.in_(list(cards))
    )
    with engine.connect() as connection:
        return {card: key for card, key in connection.execute(statement) if card is not None}


def record_feedback(engine: Engine, items: Sequence[Feedback]) -> int:
    """Add what is new of `items`; the number of rows added. Sending twice adds nothing twice."""
    if not items:
        return 0
    rows = [_columns(item) for item in items]
    statement = (
        insert(Feedback)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["site", "digest"])
        .returning(Feedback.id)
    )
    with engine.begin() as connection:
        return len(connection.execute(statement).all())


def _columns(item: Feedback) -> dict[str, Any]:
    return {name: getattr(item, name) for name in FEEDBACK_COLUMNS}
