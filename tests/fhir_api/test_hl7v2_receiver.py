"""Durable before acknowledged, once however often it is sent, and never in clear when refused."""

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import Engine, text

from fhir_api.errors import StoreUnavailable
from fhir_api.hl7v2.conversion.vocabulary import Vocabulary
from fhir_api.hl7v2.replay import replay
from fhir_api.ingest.ingestor import Ingestor, Stored
from tests.support.data import shared_data
from tests.support.fhir import dump
from tests.support.hl7v2 import (
    ANY,
    NOW,
    PID,
    VOCABULARY,
    adt,
    count,
    first_line,
    pv1,
    receiver,
    reference_messages,
    shown,
    told,
    versions,
)

BAD = adt("A01", PID, pv1(f44="QUILLTIME"), number="B1")


def everything(engine: Engine) -> str:
    """All that the listener's tables and the store hold, as text."""
    tables = ("hl7v2_message", "hl7v2_dead_letter", "hl7v2_subject")
    with engine.connect() as connection:
        own = [str(row) for table in tables
               for row in connection.execute(text(f"SELECT t::text FROM {table} t"))]  # fmt: skip
    return "\n".join([dump(engine), *own])


class Broken(Ingestor):
    """An ingestor that raises what it is told to."""

    error: Exception

    def transaction(self, *_given: object, **_more: object) -> list[Stored]:
        raise self.error


def broken(engine: Engine, error: Exception) -> Ingestor:
    made = receiver(engine).ingestor
    found = Broken(made.store, made.deidentifier, made.validator, made.keys)
    found.error = error
    return found


def test_a_resend_is_acknowledged_alike_and_changes_nothing(engine: Engine) -> None:
    taker = receiver(engine)
    assert [told(taker, adt("A01")) for _ in range(3)] == ["AA", "AA", "AA"]

    assert versions(engine) == 1
    assert count(engine, "hl7v2_message") == 1


def test_a_resend_with_other_line_ends_is_known_too(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, adt("A01"))

    assert taker.receive(adt("A01").replace(b"\r", b"\r\n") + b"\r\n", NOW).outcome == "known"


def test_the_same_control_id_with_another_content_is_another_message(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, adt("A01"))

    assert taker.receive(adt("A08", PID, pv1(f10="MED")), NOW).outcome == "applied"


def test_both_acknowledgements_of_the_enhanced_mode_come_after_the_message_is_durable(
    engine: Engine,
) -> None:
    taker = receiver(engine)
    asked = {"accept": "AL", "application": "AL"}
    stored = taker.receive(adt("A01", **asked), NOW)
    refused = taker.receive(adt("A01", PID, number="2", **asked), NOW)
    silent = taker.receive(adt("A01", number="3", accept="NE", application="NE"), NOW)

    assert [first_line(each, "MSA")[1] for each in stored.replies] == ["CA", "AA"]
    assert [first_line(each, "MSA")[1] for each in refused.replies] == ["CE", "AE"]
    assert (silent.replies, silent.outcome) == ([], "applied")


def test_what_is_refused_is_kept_sealed_and_told_without_its_values(engine: Engine) -> None:
    taker = receiver(engine)
    answer = taker.receive(BAD, NOW)
    (letter,) = taker.journal.letters()

    assert first_line(answer.replies[0], "MSA")[1] == "AE"
    assert (letter.place, letter.code, letter.event) == ("PV1-44", 102, "A01")
    assert b"QUILLTIME" not in answer.replies[0]
    assert taker.journal.content(letter) == BAD
    for value in ("Quillfeather", "QUILLTIME", "8830417", "Zebediah"):
        assert value not in everything(engine)


def test_nothing_of_a_patient_is_in_clear_after_messages_were_taken_in(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, adt("A01", PID, pv1(f7="9^Housewright^Gregorius"), "NK1|1|Doewright^Johnny|SPO"))

    for value in ("Quillfeather", "8830417", "V-77", "Housewright", "Doewright", "2024-05-01"):
        assert value not in everything(engine)


def test_a_sealed_message_cannot_be_moved_to_another_row(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, BAD)
    told(taker, BAD.replace(b"B1", b"B2"))
    first = "SELECT sealed FROM hl7v2_dead_letter ORDER BY number LIMIT 1"
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE hl7v2_dead_letter SET sealed = ({first})"))

    with pytest.raises(InvalidTag):
        taker.journal.content(taker.journal.letters()[1])


def test_a_refused_message_sent_again_is_one_dead_letter_of_more_tries(engine: Engine) -> None:
    taker = receiver(engine)
    assert [told(taker, BAD), told(taker, BAD)] == ["AE", "AE"]

    assert [letter.tries for letter in taker.journal.letters()] == [2]


def test_what_is_not_for_us_is_rejected_and_not_kept(engine: Engine) -> None:
    taker = receiver(engine)

    assert told(taker, adt("A09")) == "AR"
    assert told(taker, b"garbage") == "AR"
    assert everything(engine) == dump(engine)


def test_dead_letters_are_taken_in_by_a_replay_after_mending(engine: Engine) -> None:
    lame = receiver(engine, broken(engine, ValueError("Quillfeather")))
    assert told(lame, adt("A01")) == "AE"
    assert "Quillfeather" not in lame.journal.letters()[0].reason

    mended = receiver(engine)
    assert replay(mended, NOW) == {"applied": 1}
    assert mended.journal.letters() == []
    assert mended.journal.counts() | {"mended": 1, "applied": 1} == mended.journal.counts()


def test_a_replay_may_name_its_dead_letters(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, BAD)
    told(taker, BAD.replace(b"B1", b"B2"))
    first, _ = taker.journal.letters()

    assert replay(taker, NOW, [first.number]) == {"refused": 1}
    assert [letter.tries for letter in taker.journal.letters()] == [2, 1]


def test_a_mended_message_that_is_sent_again_resolves_its_dead_letter(engine: Engine) -> None:
    told(receiver(engine, broken(engine, ValueError())), adt("A01"))
    taker = receiver(engine)

    assert told(taker, adt("A01")) == "AA"
    assert taker.journal.letters() == []


def test_when_the_database_is_away_the_message_is_rejected_to_be_sent_again(engine: Engine) -> None:
    taker = receiver(engine, broken(engine, StoreUnavailable()))
    answer = taker.receive(adt("A01"), NOW)

    assert first_line(answer.replies[0], "MSA")[1] == "AR"
    assert first_line(answer.replies[0], "ERR")[3].startswith("207")
    assert count(engine, "hl7v2_message") == count(engine, "hl7v2_dead_letter") == 0


def test_nothing_is_remembered_of_a_message_whose_resources_were_not_stored(engine: Engine) -> None:
    told(receiver(engine, broken(engine, ValueError())), adt("A01"))

    assert count(engine, "hl7v2_subject") == count(engine, "resource_version") == 0


def test_a_message_that_is_not_valid_fhir_is_refused_with_the_element(engine: Engine) -> None:
    early = pv1(f44="20240510", f45="20240501")
    answer = receiver(engine).receive(adt("A03", PID, early), NOW)

    assert answer.outcome == "refused"
    assert "Encounter.period" in str(answer.refusal)


def test_codes_of_no_table_do_not_get_into_the_store(engine: Engine) -> None:
    taker = receiver(engine)
    told(taker, adt("A01", PID, pv1(f10="Quillward", f14="Quillgate", f36="Quillhome", f4="Q")))

    assert "Quill" not in everything(engine)


def test_the_tables_of_the_site_decide_which_codes_are_known(engine: Engine) -> None:
    tables = {**VOCABULARY.tables, "0004": {**VOCABULARY.tables["0004"], "codes": {"KH": "IMP"}}}
    site = Vocabulary(
        VOCABULARY.events, VOCABULARY.authorities, VOCABULARY.identifier_types,
        VOCABULARY.coding_systems, tables,
    )  # fmt: skip
    taker = receiver(engine, processing=ANY)
    object.__setattr__(taker.rules, "vocabulary", site)
    told(taker, adt("A01", PID, pv1(f2="KH")))

    assert shown(engine, "Encounter")[0]["class"]["code"] == "IMP"


def test_every_reference_message_of_our_events_is_stored_without_a_name(engine: Engine) -> None:
    taker = receiver(engine)
    outcomes = {}
    for path in reference_messages(shared_data("hl7v2_messages")):
        if path.name.startswith("ADT"):
            outcomes[path.stem] = taker.receive(path.read_bytes(), NOW).outcome

    taken = {name for name, outcome in outcomes.items() if outcome in {"applied", "late"}}
    assert {name for name, outcome in outcomes.items() if outcome == "refused"} == set()
    assert len(taken) == 16
    for value in ("EVERYMAN", "Bixby", "DUCK", "PATID1234", "10006579", "4762 Hickory", "Granite"):
        assert value not in everything(engine)
