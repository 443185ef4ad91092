"""The ledger: predictions and feedback go in once and stay as they are."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from monitoring.ledger import predictions_behind, record, record_feedback
from monitoring.tables import Feedback, Prediction
from tests.support.ledger import SITE, prediction

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def feedback(card_id: UUID, digest: str = "d1") -> Feedback:
    return Feedback(
        site=SITE,
        digest=digest,
        service="readmission-risk",
        card_id=card_id,
        prediction_id=None,
        outcome="accepted",
        measure=None,
        reason_code=None,
        commented=False,
        outcome_at=NOON,
        received_at=NOON,
    )


def test_a_recorded_prediction_is_read_back_as_written(engine: Engine) -> None:
    made = prediction("ann", "stay", 0.31)
    written = {column.name: getattr(made, column.name) for column in Prediction.__table__.columns}

    record(engine, made)

    with Session(engine) as session:
        (found,) = session.scalars(select(Prediction))
    assert {name: getattr(found, name) for name in written} == written


def test_a_probability_above_one_never_reaches_the_ledger(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="probability_is_a_share"):
        record(engine, prediction("ann", "stay", 31.0))


def test_an_unknown_arm_never_reaches_the_ledger(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="arm_is_known"):
        record(engine, prediction("ann", "stay", 0.3, arm="loud"))


def test_the_prediction_behind_a_card_is_found(engine: Engine) -> None:
    made = prediction("ann", "stay", 0.31)
    card, prediction_id = made.card_id, made.id
    record(engine, made)

    assert card is not None
    assert predictions_behind(engine, SITE, [card, uuid4()]) == {card: prediction_id}


def test_the_card_of_another_site_is_not_found(engine: Engine) -> None:
    made = prediction("ann", "stay", 0.31, site="elsewhere")
    card = made.card_id
    record(engine, made)

    assert card is not None
    assert predictions_behind(engine, SITE, [card]) == {}


def test_feedback_sent_twice_is_stored_once(engine: Engine) -> None:
    card = uuid4()

    counts = [record_feedback(engine, [feedback(card)]) for _ in range(2)]

    assert counts == [1, 0]


def test_new_feedback_beside_old_is_stored(engine: Engine) -> None:
    card = uuid4()
    record_feedback(engine, [feedback(card)])

    added = record_feedback(engine, [feedback(card), feedback(card, digest="d2")])

    assert added == 1


def test_no_feedback_stores_nothing(engine: Engine) -> None:
    assert record_feedback(engine, []) == 0
