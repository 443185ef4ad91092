"""A patient's history: the stored row, what came after it, and what the call brings."""

import psycopg
from sqlalchemy import Engine

from cds_hooks.scoring.history import History, gather
from cds_hooks.service import CdsService
from etl.events.extract import events_of
from etl.events.table import canonical, to_bytes
from etl.notes.text import note_key
from etl.online import PatientRecord, upsert_patients
from privacy.records import CleanResource
from tests.support.hooks import ANN_PSEUDONYM, SITE, hook_parts, store_identified
from tests.support.patients import (
    NOTE,
    Resource,
    condition,
    document,
    encounter,
    observation,
    patient,
)

SODIUM = "LAB//http://loinc.org//2951-2"


def cleaned(parts: CdsService, *resources: Resource) -> list[CleanResource]:
    answers = parts.deidentifier.clean_batch(resources)
    return [each for each in answers if isinstance(each, CleanResource)]


def write_row(parts: CdsService, *resources: Resource) -> int:
    """Store resources and the online row that a features run would have made of them."""
    store_identified(parts, *resources)
    events = [event for each in cleaned(parts, *resources) for event in events_of(each.body)]
    watermark = parts.store.watermark()
    row = PatientRecord(SITE, ANN_PSEUDONYM, watermark, None, "0" * 64, to_bytes(canonical(events)))
    url = parts.engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        upsert_patients(connection, [row])
    return watermark


def history(parts: CdsService, *sent: Resource) -> History:
    bodies = [each.body for each in cleaned(parts, *sent)]
    return gather(parts.engine, parts.store, ANN_PSEUDONYM, bodies)


def sodium(found: History) -> list[float | None]:
    return [event.numeric_value for event in found.events if event.code == SODIUM]


def test_nothing_is_known_of_a_stranger(engine: Engine) -> None:
    assert history(hook_parts(engine)) == History([], None, {})


def test_a_row_alone_gives_its_events_and_watermark(engine: Engine) -> None:
    parts = hook_parts(engine)
    watermark = write_row(parts, patient(), encounter(), observation())

    found = history(parts)

    assert found.watermark == watermark
    assert sodium(found) == [131.0]


def test_what_was_stored_after_the_row_is_joined(engine: Engine) -> None:
    parts = hook_parts(engine)
    write_row(parts, patient(), encounter())
    store_identified(parts, observation())

    assert sodium(history(parts)) == [131.0]


def test_a_newer_version_takes_the_place_of_the_older(engine: Engine) -> None:
    parts = hook_parts(engine)
    write_row(parts, patient(), encounter(), observation(value=120))
    store_identified(parts, observation(value=125))

    assert sodium(history(parts)) == [125.0]


def test_what_the_call_brings_is_newest_of_all(engine: Engine) -> None:
    parts = hook_parts(engine)
    write_row(parts, patient(), encounter(), observation(value=120))
    store_identified(parts, observation(value=125))

    assert sodium(history(parts, observation(value=131))) == [131.0]


def test_a_fact_entered_in_error_disappears(engine: Engine) -> None:
    parts = hook_parts(engine)
    write_row(parts, patient(), encounter(), observation())
    store_identified(parts, observation(status="entered-in-error"))

    assert sodium(history(parts)) == []


def test_row_and_resources_give_the_same_events(engine: Engine) -> None:
    resources = (patient(), encounter(), condition(), observation())
    parts = hook_parts(engine)
    store_identified(parts, *resources)
    from_resources = history(parts).events
    write_row(parts, *resources)

    assert history(parts).events == from_resources


def test_texts_of_new_notes_come_along(engine: Engine) -> None:
    parts = hook_parts(engine)
    write_row(parts, patient(), encounter())

    assert history(parts, document()).texts == {note_key(NOTE): NOTE}


def test_the_resources_that_spoke_are_known_by_type_and_id(engine: Engine) -> None:
    parts = hook_parts(engine)
    store_identified(parts, patient(), encounter())

    kinds = {kind for kind, _ in history(parts).resources()}

    assert kinds == {"Patient", "Encounter"}
