"""Names inside a Bundle become ids wherever the standard says so, and nowhere else."""

import pytest

from fhir_api.bundles.identity import digest_of, real_id
from fhir_api.bundles.reading import read_entries
from fhir_api.bundles.references import base_of, conditional_references, renamed, rewrite
from tests.support.fhir import JOHN, JOHN_ID, bundle, observation, patient, post, put

NAMES = {JOHN: "Patient/1", "http://a.example/fhir/Patient/7": "Patient/new"}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (JOHN, "Patient/1"),
        (f"{JOHN}/_history/2", "Patient/1/_history/2"),
        (f"{JOHN}#part", "Patient/1#part"),
        ("http://a.example/fhir/Patient/7", "Patient/new"),
        ("Patient/7", "Patient/new"),
        ("Patient/8", "Patient/8"),
        ("#part", "#part"),
        ("urn:uuid:other", "urn:uuid:other"),
        ("", ""),
    ],
)
def test_a_reference_is_read_against_the_entries(reference: str, expected: str) -> None:
    base = base_of("http://a.example/fhir/Observation/1")

    assert renamed(reference, NAMES, base) == expected


def test_relative_references_of_another_server_stay() -> None:
    assert (
        renamed("Patient/7", NAMES, base_of("http://b.example/fhir/Observation/1")) == "Patient/7"
    )


def test_bare_links_are_rewritten_and_canonicals_are_not() -> None:
    resource = {
        "resourceType": "DocumentReference",
        "extension": [{"url": "http://x.example", "valueUri": JOHN, "valueCanonical": JOHN}],
        "content": [{"attachment": {"url": JOHN}}],
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": JOHN}],
        "subject": {"reference": JOHN, "display": JOHN},
    }

    rewrite(resource, NAMES)

    extension = resource["extension"][0]
    assert (extension["valueUri"], extension["valueCanonical"]) == ("Patient/1", JOHN)
    assert resource["content"] == [{"attachment": {"url": "Patient/1"}}]
    assert resource["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": JOHN}]
    assert resource["subject"] == {"reference": "Patient/1", "display": JOHN}


def test_conditional_references_are_found_at_any_depth() -> None:
    deep = {"reference": "Patient?identifier=a|b"}
    resource = {"subject": deep, "extension": [{"valueReference": deep}], "note": "Patient?x"}

    assert rewrite(resource, {}).conditional
    assert [path for path, _ in conditional_references(resource, "X")] == [
        "X.subject.reference",
        "X.extension[0].valueReference.reference",
    ]


def test_the_id_of_an_entry_is_the_same_on_every_replay() -> None:
    def ids() -> list[str]:
        sent = bundle("transaction", post(patient(), JOHN), post(observation()),
                      put(observation(id="o-1")))  # fmt: skip
        return [real_id(entry, digest_of(sent)) for entry in read_entries(sent)]  # type: ignore[arg-type]

    assert ids() == ids()
    assert ids()[0] != JOHN_ID
    assert ids()[2] == "o-1"


def test_in_a_file_the_name_of_a_posted_entry_is_its_id() -> None:
    sent = bundle("transaction", post(patient(), JOHN))
    [entry] = list(read_entries(sent))

    assert real_id(entry, digest_of(sent), "sender") == JOHN_ID  # type: ignore[arg-type]


def test_unnamed_entries_of_different_bundles_are_different_resources() -> None:
    one, other = bundle("batch", post(patient())), bundle("batch", post(patient(active=True)))
    [first], [second] = list(read_entries(one)), list(read_entries(other))

    assert real_id(first, digest_of(one)) != real_id(second, digest_of(other))  # type: ignore[arg-type]
