"""Topics: which change of which resource is an event."""

from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.store.feed import Change
from fhir_api.store.records import FeedPosition
from fhir_api.subscriptions.published import as_basic, capability, topic_bundle
from fhir_api.subscriptions.topics import Topic, load_topics
from fhir_api.validation.validator import Validator
from tests.support.subscriptions import BASE, RISK, STAY, risk, stay

TOPICS = load_topics()
STATUSES = ["planned", "in-progress", "onleave", "finished", "cancelled", "entered-in-error"]
Body = dict[str, Any] | None


def encounter(status: str, code: str = "IMP") -> Body:
    return dict(stay("1", status, code=code).body)


def event(topic: Topic, before: Body, after: Body, version: int = 2) -> bool:
    kind = (after or before or {}).get("resourceType", "Encounter")
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    change = Change(FeedPosition(1, 1), kind, "p1", version, None, moment, after)
    return topic.is_event(change, before)


def test_a_stay_that_becomes_finished_is_an_event() -> None:
    assert event(TOPICS[STAY], encounter("in-progress"), encounter("finished"))


def test_a_stay_that_is_first_heard_of_when_finished_is_an_event() -> None:
    assert event(TOPICS[STAY], None, encounter("finished"), version=1)


def test_a_later_edit_of_a_finished_stay_is_none() -> None:
    assert not event(TOPICS[STAY], encounter("finished"), encounter("finished"))


def test_a_stay_that_is_opened_and_finished_again_is_an_event() -> None:
    assert not event(TOPICS[STAY], encounter("finished"), encounter("in-progress"))
    assert event(TOPICS[STAY], encounter("in-progress"), encounter("finished"), version=3)


def test_a_deletion_is_no_event_and_a_finished_stay_after_one_is() -> None:
    assert not event(TOPICS[STAY], encounter("in-progress"), None)
    assert event(TOPICS[STAY], None, encounter("finished"), version=3)


def test_an_outpatient_visit_is_no_stay() -> None:
    assert not event(TOPICS[STAY], encounter("in-progress", "AMB"), encounter("finished", "AMB"))


def test_a_site_says_which_classes_are_inpatient() -> None:
    topics = load_topics({"STATIONAER"})

    assert event(topics[STAY], None, encounter("finished", "STATIONAER"), version=1)
    assert not event(topics[STAY], None, encounter("finished"), version=1)


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=12))
def test_there_are_as_many_events_as_times_a_stay_becomes_finished(history: list[str]) -> None:
    bodies: list[Body] = [None, *map(encounter, history)]
    events = [
        event(TOPICS[STAY], before, after, version)
        for version, (before, after) in enumerate(pairwise(bodies), 1)
    ]

    assert sum(events) == [status for status, _ in groupby(history)].count("finished")


def test_a_risk_that_we_assessed_is_an_event_each_time() -> None:
    ours = dict(risk("1", 31).body)

    assert event(TOPICS[RISK], None, ours, version=1)
    assert event(TOPICS[RISK], ours, ours)


def test_a_risk_that_others_assessed_is_none() -> None:
    theirs = dict(risk("1", 31).body) | {"code": {"coding": [{"code": "other"}]}}

    assert not event(TOPICS[RISK], None, theirs, version=1)


def test_topics_are_published_as_basic_resources_of_r4() -> None:
    bundle = topic_bundle(TOPICS, BASE)

    assert Validator().validate(bundle) == []
    assert {each["resource"]["id"] for each in bundle["entry"]} == {
        "stay-finished",
        "risk-assessed",
    }
    urls = [each for each in as_basic(TOPICS[STAY])["extension"] if each["url"].endswith(".url")]
    assert [each["valueUri"] for each in urls] == [STAY]


@pytest.mark.parametrize("url", [STAY, RISK])
def test_the_capability_statement_lists_the_topic(url: str) -> None:
    listed = [each["valueCanonical"] for each in capability(TOPICS)["extension"]]

    assert url in listed
