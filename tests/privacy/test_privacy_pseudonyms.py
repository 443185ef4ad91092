"""Pseudonyms are steady, keyed, and tell apart sites, types and purposes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from privacy.keys import derive_keys
from privacy.pseudonyms import (
    identifier_token,
    is_pseudonym,
    pseudonym,
    uid_pseudonym,
    uuid_pseudonym,
    value_token,
)
from tests.support.cleaning import KEYS, SECRET

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
NORTH = derive_keys(SECRET, "north")


@given(real_id=st.text())
def test_every_id_gets_a_steady_pseudonym_that_fits_fhir(real_id: str) -> None:
    made = pseudonym(KEYS, "Patient", real_id)

    assert made == pseudonym(KEYS, "Patient", real_id)
    assert is_pseudonym(made)
    assert FHIR_ID.fullmatch(made)


@given(real_id=st.text())
def test_site_type_and_purpose_keep_pseudonyms_apart(real_id: str) -> None:
    made = [
        pseudonym(KEYS, "Patient", real_id),
        pseudonym(KEYS, "Encounter", real_id),
        pseudonym(NORTH, "Patient", real_id),
        identifier_token(KEYS, "Patient", real_id),
        value_token(KEYS, real_id),
    ]

    assert len({text[2:] for text in made}) == len(made)


@given(first=st.text(), second=st.text())
def test_two_ids_never_share_a_pseudonym(first: str, second: str) -> None:
    same = pseudonym(KEYS, "Patient", first) == pseudonym(KEYS, "Patient", second)

    assert same == (first == second)


def test_an_absent_identifier_system_is_the_empty_one() -> None:
    assert identifier_token(KEYS, None, "4711") == identifier_token(KEYS, "", "4711")


def test_a_pseudonym_sent_by_a_client_is_hashed_like_any_id() -> None:
    once = pseudonym(KEYS, "Patient", "17")

    assert pseudonym(KEYS, "Patient", once) != once


def test_a_dicom_uid_becomes_one_under_the_uuid_arc() -> None:
    made = uid_pseudonym(KEYS, "urn:oid:1.2.840.113619.2.5")

    assert re.fullmatch(r"2\.25\.[0-9]{1,39}", made)
    assert made == uid_pseudonym(KEYS, "1.2.840.113619.2.5")


def test_an_address_without_meaning_becomes_a_valid_uuid_urn() -> None:
    made = uuid_pseudonym(KEYS, "urn:oid:1.2.3")

    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", made)
