"""Feedback: every sound answer is kept once, in every dialect, and no words of it."""

from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from cds_hooks.cards.measures import suggestion_id
from cds_hooks.service import CdsService
from monitoring.tables import Feedback
from tests.support.hooks import client_of, hook_parts
from tests.support.patients import discharge_call

DISCHARGE = "/cds-services/readmission-risk-discharge"
OVERRIDE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"


def item(card: str | None = None, **given: Any) -> dict[str, Any]:
    """An answer to a card; accepted, unless `given` says other."""
    return {
        "card": card or str(uuid4()),
        "outcome": "accepted",
        "outcomeTimestamp": "2024-06-01T12:31:00Z",
        **given,
    }


def tell(parts: CdsService, *items: Any) -> Response:
    return client_of(parts).post(f"{DISCHARGE}/feedback", json={"feedback": list(items)})


def stored(engine: Engine) -> list[Feedback]:
    with Session(engine) as session:
        return list(session.scalars(select(Feedback).order_by(Feedback.id)))


def shown_card(parts: CdsService) -> dict[str, Any]:
    answer = client_of(parts).post(DISCHARGE, json=discharge_call()).json()
    card: dict[str, Any] = answer["cards"][0]
    return card


def test_an_accepted_suggestion_is_linked_to_its_prediction(engine: Engine) -> None:
    parts = hook_parts(engine)
    card = shown_card(parts)
    accepted = [{"id": card["suggestions"][0]["uuid"]}]

    response = tell(parts, item(card["uuid"], acceptedSuggestions=accepted))

    (row,) = stored(engine)
    assert response.status_code == 200
    assert row.prediction_id is not None
    assert (str(row.card_id), row.measure) == (card["uuid"], "follow-up-call")


def test_each_accepted_suggestion_has_a_row(engine: Engine) -> None:
    card = uuid4()
    accepted = [{"id": str(suggestion_id(card, key))} for key in ("home-visit", "follow-up-call")]

    tell(hook_parts(engine), item(str(card), acceptedSuggestions=accepted))

    assert [row.measure for row in stored(engine)] == ["home-visit", "follow-up-call"]


def test_an_override_keeps_its_coded_reason_and_no_words(engine: Engine) -> None:
    reason = {"code": "action-completed", "system": OVERRIDE_SYSTEM}
    said = {"reason": reason, "userComment": "Mrs Canaryworth was called already"}

    tell(hook_parts(engine), item(outcome="overridden", overrideReason=said))

    (row,) = stored(engine)
    assert (row.outcome, row.reason_code, row.commented) == ("overridden", "action-completed", True)
    with engine.connect() as connection:
        dump = str(connection.execute(text("select f::text from feedback f")).all())
    assert "Canaryworth" not in dump


@pytest.mark.parametrize(
    ("dialect", "code"),
    [
        ({"overrideReason": {"reason": {"code": "does-not-trust"}}}, "does-not-trust"),
        ({"overrideReasons": [{"reason": {"code": "does-not-trust"}}]}, "does-not-trust"),
        ({"overrideReasons": {"extension": {"local": "7"}}}, "other"),
        ({"overrideReason": {"reason": {"code": "Mrs Canaryworth"}}}, "other"),
        ({"overrideReason": {"userComment": "no"}}, None),
        ({"overrideReason": []}, None),
        ({}, None),
    ],
)
def test_reasons_are_read_in_every_dialect(
    engine: Engine, dialect: dict[str, Any], code: str | None
) -> None:
    tell(hook_parts(engine), item(outcome="overridden", **dialect))

    assert [row.reason_code for row in stored(engine)] == [code]


def test_the_same_feedback_twice_is_stored_once(engine: Engine) -> None:
    parts, said = hook_parts(engine), item()

    for _ in range(2):
        assert tell(parts, said, said).status_code == 200

    assert len(stored(engine)) == 1


def test_accepting_and_then_overriding_keeps_both(engine: Engine) -> None:
    card = str(uuid4())
    later = "2024-06-01T12:31:01.200Z"

    tell(
        hook_parts(engine),
        item(card),
        item(card, outcome="overridden", outcomeTimestamp=later),
    )

    assert [row.outcome for row in stored(engine)] == ["accepted", "overridden"]


@pytest.mark.parametrize("card", ["an id of the client's own", str(uuid4())])
def test_feedback_on_a_card_that_is_not_ours_is_kept_apart(engine: Engine, card: str) -> None:
    response = tell(hook_parts(engine), item(card))

    (row,) = stored(engine)
    assert response.status_code == 200
    assert row.prediction_id is None


def test_sound_items_are_stored_beside_wrong_ones(engine: Engine) -> None:
    response = tell(hook_parts(engine), item(), item(outcome="ignored"), "text")

    places = [each["expression"] for each in response.json()["issue"] if "expression" in each]
    assert response.status_code == 200
    assert places == [["feedback[1].outcome"], ["feedback[2]"]]
    assert len(stored(engine)) == 1


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"card": 7}, "card"),
        ({"card": ""}, "card"),
        ({"outcome": "ignored"}, "outcome"),
        ({"outcomeTimestamp": "2024-06-01"}, "outcomeTimestamp"),
        ({"outcomeTimestamp": "2024-06-01T12:31:00"}, "outcomeTimestamp"),
        ({"outcomeTimestamp": 7}, "outcomeTimestamp"),
    ],
    ids=str,
)
def test_feedback_without_a_sound_item_gives_400(
    engine: Engine, wrong: dict[str, Any], place: str
) -> None:
    response = tell(hook_parts(engine), item() | wrong)

    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == [f"feedback[0].{place}"]


@pytest.mark.parametrize("body", [{}, [], {"feedback": []}, {"feedback": {}}], ids=str)
def test_a_body_without_items_gives_400(engine: Engine, body: Any) -> None:
    response = client_of(hook_parts(engine)).post(f"{DISCHARGE}/feedback", json=body)

    assert response.status_code == 400


def test_feedback_is_counted_by_outcome(engine: Engine) -> None:
    parts = hook_parts(engine)

    tell(parts, item(), item(outcome="overridden"))

    labels = {"service": "readmission-risk-discharge", "outcome": "overridden"}
    assert parts.metrics.registry.get_sample_value("cds_feedback_total", labels) == 1.0
