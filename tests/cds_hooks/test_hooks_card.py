"""The card: short, exact, actionable, and harmless whatever the data say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fhir.resources.R4B.riskassessment import RiskAssessment
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_hooks.cards.card import card
from cds_hooks.cards.measures import MEASURES
from cds_hooks.cards.wording import detail, escaped, frequency, summary
from cds_hooks.hooks.encounter_discharge import SERVICE
from cds_hooks.prefetch import State
from cds_hooks.request import read_call
from cds_hooks.scoring.assess import Assessment, Provenance
from cds_hooks.scoring.stay import Stay
from cds_hooks.service import Level, Thresholds
from fhir_api.json_text import dump, parse
from model.score import Reason, Score
from tests.support.hooks import ANN_PSEUDONYM, REASONS, STAY_PSEUDONYM
from tests.support.patients import ANN, STAY, discharge_call

DISCHARGED = datetime(2024, 6, 1, 12, tzinfo=UTC)
URL = "https://homeward.example"
LEVELS: tuple[Level, ...] = ("low", "moderate", "high")


def provenance(**given: Any) -> Provenance:
    complete: dict[str, Any] = {
        "states": {"patient": State.GIVEN, "procedures": State.EMPTY},
        "truncated": frozenset(),
        "left_out": 0,
        "notes_unread": 0,
        "used": (f"Patient/{ANN}", "Condition/heart-failure"),
        "known_until": DISCHARGED - timedelta(hours=2),
    }
    return Provenance(**complete | given)


def score(probability: float = 0.31, reasons: tuple[Reason, ...] = REASONS) -> Score:
    return Score(probability, 0.14, reasons, 41, 44, "v1")


def assessment(given: Score | None = None, stay: Stay | None = None) -> Assessment:
    return Assessment(
        prediction_id=uuid4(),
        call=read_call(discharge_call(), SERVICE, require_https=True),
        patient_id=ANN_PSEUDONYM,
        stay=stay,
        score=given or score(),
        as_of=DISCHARGED,
        shift_days=-70,
        watermark=7,
        provenance=provenance(),
    )


def shown(level: Level = "high", stay: Stay | None = None, **given: Any) -> dict[str, Any]:
    made = assessment(score(**given), stay or Stay(STAY, STAY_PSEUDONYM))
    read: dict[str, Any] = parse(dump(card(made, level, uuid4(), URL)))
    return read


def leaves(value: Any) -> Iterator[Any]:
    """Every value inside, containers too."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from leaves(inner)
        else:
            yield inner


@settings(deadline=None)
@given(st.floats(0, 1))
def test_the_summary_is_always_under_140_characters(probability: float) -> None:
    made = score(probability)

    assert len(summary(made, Thresholds().level(probability))) < 140


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "fewer than 1 of 100"),
        (0.01, "about 1 of 100"),
        (0.305, "about 30 of 100"),
        (0.99, "about 99 of 100"),
        (0.999, "more than 99 of 100"),
    ],
)
def test_risk_is_told_as_people_count(probability: float, words: str) -> None:
    assert frequency(probability) == words


@pytest.mark.parametrize(
    ("probability", "level"),
    [(0.0, "low"), (0.149, "low"), (0.15, "moderate"), (0.3, "high"), (1.0, "high")],
)
def test_the_thresholds_belong_to_the_higher_level(probability: float, level: Level) -> None:
    assert Thresholds().level(probability) == level


def test_the_detail_of_a_card_reads_as_meant() -> None:
    assert detail(score(), provenance()) == (
        "**What moves this estimate**\n\n"
        "- 2 hospital stays in the last 12 months\n"
        "- Sodium 131 mmol/L\n"
        "- The notes speak of living alone\n\n"
        "For comparison: about 14 of 100 discharges at this site are followed by an unplanned "
        "return within 30 days.\n\n"
        "Scored on 41 of 44 inputs. Data up to 2024-06-01 10:00 UTC."
    )


def test_what_was_not_known_is_said() -> None:
    told = detail(
        score(),
        provenance(
            states={"procedures": State.ABSENT, "documents": State.REFUSED},
            truncated=frozenset({"observations"}),
            left_out=1,
            notes_unread=2,
        ),
    )

    assert "Not sent: procedures." in told
    assert "Could not be read by the EHR: documents." in told
    assert "Only the first page was sent: observations." in told
    assert "1 resource sent could not be used. 2 notes could not be read in time." in told


def test_a_reason_that_lowers_the_risk_says_so() -> None:
    told = detail(score(reasons=(Reason("age", "Age 34", -0.4, modifiable=False),)), provenance())

    assert "- Age 34 (lowers the risk)" in told


def test_a_score_without_reasons_has_no_empty_list() -> None:
    assert detail(score(reasons=()), provenance()).startswith("For comparison")


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("<img src=x>", r"\<img src=x\>"),
        ("**bold** _x_ `y`", r"\*\*bold\*\* \_x\_ \`y\`"),
        ("[a](https://evil.example)", r"\[a\]\(https\://evil.example\)"),
        ("see www.evil.example", r"see www\.evil.example"),
        ("# title\n- item", r"\# title - item"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("Sodium 131.5 mmol/L", "Sodium 131.5 mmol/L"),
    ],
)
def test_text_of_the_data_is_never_markup(text: str, shown_as: str) -> None:
    assert escaped(text) == shown_as


@settings(deadline=None)
@given(st.text())
def test_escaped_text_holds_no_bare_markup(text: str) -> None:
    made = escaped(text)

    bare = made.replace("\\\\", "")
    assert all(bare[at - 1 : at] == "\\" for at, each in enumerate(bare) if each in "<>*_`[]")
    assert "\n" not in made


@pytest.mark.parametrize("level", LEVELS)
def test_no_field_of_a_card_is_null_or_empty(level: Level) -> None:
    assert all(each not in (None, "", [], {}) for each in leaves(shown(level)))


@pytest.mark.parametrize(
    ("level", "indicator"), [("low", "info"), ("moderate", "warning"), ("high", "critical")]
)
def test_the_indicator_follows_the_level(level: Level, indicator: str) -> None:
    assert shown(level)["indicator"] == indicator


@pytest.mark.parametrize("level", LEVELS)
def test_each_suggestion_has_one_action_that_creates_something(level: Level) -> None:
    suggestions = shown(level)["suggestions"]

    assert len(suggestions) == len(MEASURES[level]) + 1
    for suggestion in suggestions:
        (action,) = suggestion["actions"]
        assert UUID(suggestion["uuid"])
        assert (action["type"], action["description"]) == ("create", suggestion["label"])


def test_suggested_orders_are_valid_and_about_the_real_patient() -> None:
    *orders, _ = [each["actions"][0]["resource"] for each in shown()["suggestions"]]

    assert len(orders) == 3
    for order in orders:
        ServiceRequest.model_validate(order)
        assert order["subject"] == {"reference": f"Patient/{ANN}"}
        assert order["encounter"] == {"reference": f"Encounter/{STAY}"}
        assert order["occurrencePeriod"]["start"] == "2024-06-01T12:00:00+00:00"


@pytest.mark.parametrize("stay", [None, Stay(None, STAY_PSEUDONYM)], ids=["none", "stored only"])
def test_without_a_real_stay_no_stay_is_named(stay: Stay | None) -> None:
    made = str(card(assessment(stay=stay), "high", uuid4(), URL))

    assert "Encounter/" not in made


def test_no_pseudonym_leaves_with_the_card() -> None:
    made = str(shown())

    assert ANN_PSEUDONYM not in made
    assert STAY_PSEUDONYM not in made


def test_the_assessment_on_the_card_is_valid_and_a_percentage() -> None:
    filed = shown()["suggestions"][-1]["actions"][0]["resource"]

    read = RiskAssessment.model_validate(filed)
    assert str(read.prediction[0].probabilityDecimal) == "31.0"
    assert (filed["status"], filed["method"]["coding"][0]["code"]) == ("preliminary", "v1")


def test_every_override_reason_is_a_whole_coding() -> None:
    reasons = shown()["overrideReasons"]

    assert len(reasons) == 6
    assert all(set(reason) == {"code", "system", "display"} for reason in reasons)


def test_the_topic_never_changes_from_call_to_call() -> None:
    topics = [shown(level)["source"]["topic"]["code"] for level in LEVELS]

    assert set(topics) == {"readmissionrisk30days"}
    assert topics[0].isalnum()
