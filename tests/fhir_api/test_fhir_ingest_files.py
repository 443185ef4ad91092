"""Files of every form into the store; counts add up, refusals are told and name nobody."""

import bz2
import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from fhir_api.errors import StoreUnavailable
from fhir_api.ingest.inputs import UnknownInput, find_inputs
from fhir_api.ingest.report import IngestReport
from fhir_api.ingest.run import Progress, ingest_files
from tests.support.data import shared_data
from tests.support.fhir import (
    JOHN,
    bundle,
    dump,
    observation,
    organization,
    patient,
    post,
    settings,
    stored,
)

Take = Callable[..., IngestReport]
pytestmark = pytest.mark.usefixtures("engine")  # empties the tables
PERSON = patient(id="john-1")
SEEN = observation("Patient/john-1", id="seen-1")
CLINIC = {"reference": "Organization?identifier=http://orgs.example|77"}


@pytest.fixture
def take(database_url: str, tmp_path: Path) -> Take:
    """Ingest with a reject file beside the input."""

    def ingest(*paths: Path, **changes: Any) -> IngestReport:
        return ingest_files(paths, settings(database_url, **changes), tmp_path / "rejects.ndjson")

    return ingest


def ndjson(*resources: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def numbers(report: IngestReport) -> tuple[int, int, int, int]:
    total = report.total
    assert all(tally.adds_up for tally in report.by_type.values())
    return total.read, total.stored, total.unchanged, total.rejected


def rejects(report: IngestReport) -> list[dict[str, Any]]:
    assert report.rejects is not None
    return [json.loads(line) for line in report.rejects.read_text().splitlines()]


def write_every_form(folder: Path) -> None:
    """The same two resources in each form that is read."""
    lines = ndjson(PERSON, SEEN)
    whole = json.dumps(bundle("collection", {"resource": PERSON}, {"resource": SEEN})).encode()
    (folder / "a.ndjson").write_bytes(lines)
    (folder / "b.json").write_bytes(whole)
    (folder / "c.ndjson.gz").write_bytes(gzip.compress(lines))
    (folder / "d.json.bz2").write_bytes(bz2.compress(whole))
    (folder / "README.md").write_text("not FHIR")
    with zipfile.ZipFile(folder / "e.zip", "w") as archive:
        archive.writestr("inner/f.json", json.dumps(PERSON))
        archive.writestr("inner/g.ndjson.gz", gzip.compress(lines))
        archive.writestr("inner/notes.txt", "not FHIR")


def test_every_form_of_file_is_read(take: Take, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_every_form(folder)

    report = take(folder)

    assert report.inputs == 6
    assert numbers(report) == (11, 2, 9, 0)
    assert report.rejects is None


def test_the_same_input_twice_stores_nothing_twice(take: Take, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(bundle("transaction", post(patient(), JOHN), post(observation()))))

    assert numbers(take(file)) == (2, 2, 0, 0)
    assert numbers(take(file)) == (2, 0, 2, 0)


def test_a_bad_line_is_rejected_and_the_others_stored(take: Take, tmp_path: Path) -> None:
    file = tmp_path / "Zebediah_Quillfeather.ndjson"
    wrong = patient(id="john-2", gender="Quillfeather")
    file.write_bytes(ndjson(PERSON, wrong) + b'{"name": "Quillfeather"\n\n' + ndjson(SEEN))

    report = take(file)

    assert numbers(report) == (4, 2, 0, 2)
    assert [
        (each["line"], each["resource_type"], each["expression"]) for each in rejects(report)
    ] == [
        (3, "unreadable", None),
        (2, "Patient", "Patient.gender"),
    ]
    assert "Quillfeather" not in (tmp_path / "rejects.ndjson").read_text()


def test_a_rejected_transaction_counts_each_entry(take: Take, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    bad = observation(status="no-such-status")
    file.write_text(json.dumps(bundle("transaction", post(patient(), JOHN), post(bad))))

    report = take(file)

    assert numbers(report) == (2, 0, 0, 2)
    assert {name: tally.rejected for name, tally in report.by_type.items()} == {
        "Patient": 1,
        "Observation": 1,
    }
    assert rejects(report)[0]["expression"] == "Bundle.entry[1].resource.status"


def test_a_damaged_archive_is_one_rejection(take: Take, tmp_path: Path) -> None:
    file = tmp_path / "a.ndjson.gz"
    file.write_bytes(gzip.compress(ndjson(PERSON, SEEN))[:-20])

    report = take(file)

    assert report.total.rejected == 1
    assert rejects(report)[0]["resource_type"] == "unreadable"


def test_what_others_refer_to_is_stored_first(tmp_path: Path) -> None:
    for name in ("a.json", "practitionerInformation.json", "hospitalInformation.json"):
        (tmp_path / name).write_text("{}")

    ranked = sorted(find_inputs([tmp_path]), key=lambda each: each.rank)

    assert [each.path.name[:1] for each in ranked] == ["h", "p", "a"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bundle_waits_for_what_it_refers_to(take: Take, tmp_path: Path, workers: int) -> None:
    waiting = bundle("transaction", post(patient(managingOrganization=CLINIC), JOHN))
    (tmp_path / "a.json").write_text(json.dumps(waiting))
    (tmp_path / "z.json").write_text(json.dumps(bundle("batch", post(organization("77")))))

    report = take(tmp_path / "a.json", tmp_path / "z.json", workers=workers)

    assert numbers(report) == (2, 2, 0, 0)


def test_a_bundle_that_waits_in_vain_is_rejected_in_the_end(take: Take, tmp_path: Path) -> None:
    waiting = bundle("transaction", post(patient(managingOrganization=CLINIC), JOHN))
    (tmp_path / "a.json").write_text(json.dumps(waiting))

    report = take(tmp_path / "a.json")

    assert numbers(report) == (1, 0, 0, 1)
    place = "Bundle.entry[0].resource.managingOrganization.reference"
    assert rejects(report)[0]["expression"] == place


def test_versions_of_one_resource_keep_their_order(
    take: Take, tmp_path: Path, engine: Engine
) -> None:
    file = tmp_path / "a.ndjson"
    file.write_bytes(ndjson(PERSON, PERSON | {"gender": "female"}, PERSON | {"gender": "female"}))

    assert numbers(take(file)) == (3, 2, 1, 0)
    assert stored(engine) == [("Patient", 1), ("Patient", 2)]


def test_progress_is_told_after_each_input(database_url: str, tmp_path: Path) -> None:
    told: list[Progress] = []
    for name in ("a.ndjson", "b.ndjson"):
        (tmp_path / name).write_bytes(ndjson(PERSON))

    ingest_files([tmp_path], settings(database_url), tmp_path / "rejects.ndjson", told.append)

    assert [(each.done, each.inputs, each.resources) for each in told] == [(1, 2, 1), (2, 2, 2)]


def test_a_path_that_is_no_fhir_file_is_refused_before_anything_is_stored(
    take: Take, tmp_path: Path, engine: Engine
) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(PERSON))

    with pytest.raises(UnknownInput, match=r"nowhere\.json"):
        take(tmp_path / "a.ndjson", tmp_path / "nowhere.json")
    assert stored(engine) == []


@pytest.mark.parametrize("odd", [b"[]", b"7", b"null", b'{"resourceType": []}', b'"x"', b"{}"])
def test_odd_json_is_rejected_without_an_accident(take: Take, tmp_path: Path, odd: bytes) -> None:
    (tmp_path / "a.json").write_bytes(odd)
    (tmp_path / "b.ndjson").write_bytes(odd + b"\n")

    report = take(tmp_path / "a.json", tmp_path / "b.ndjson")

    assert numbers(report) == (2, 0, 0, 2)


def test_no_canary_reaches_the_database_or_the_reject_file(
    take: Take, tmp_path: Path, engine: Engine
) -> None:
    file = tmp_path / "Zebediah_Quillfeather.json"
    sent = bundle("batch", post(patient(), JOHN), post(observation()), post(patient(gender="x")))
    file.write_text(json.dumps(sent))

    report = take(file)

    held = dump(engine) + (tmp_path / "rejects.ndjson").read_text()
    assert report.total.rejected == 1
    for canary in ("Quillfeather", "Zebediah", "8830417", "1961-05-04", JOHN[9:]):
        assert canary not in held


def test_real_bundles_are_taken_whole_by_two_workers(take: Take) -> None:
    folder = shared_data("synthea_r4_notes")
    files = sorted(folder.glob("*.bz2"), key=lambda file: file.stat().st_size)[:4]

    report = take(*files, *folder.glob("0-*.bz2"), workers=2)

    assert report.total.rejected == 0
    assert report.total.read == report.total.stored + report.total.unchanged


def test_an_input_on_which_we_break_does_not_stop_the_others(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_given: Any, **_named: Any) -> Any:
        raise KeyError("Quillfeather")

    monkeypatch.setattr("fhir_api.ingest.ingestor.Ingestor.transaction", breaks)
    (tmp_path / "a.json").write_text(json.dumps(bundle("transaction", post(patient()))))
    (tmp_path / "b.ndjson").write_bytes(ndjson(PERSON))

    report = take(tmp_path / "a.json", tmp_path / "b.ndjson")

    assert numbers(report) == (2, 1, 0, 1)
    assert "KeyError" in rejects(report)[0]["reason"]
    assert "Quillfeather" not in rejects(report)[0]["reason"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_that_is_away_stops_the_ingest(tmp_path: Path, workers: int) -> None:
    for name in ("a.ndjson", "b.ndjson"):
        (tmp_path / name).write_bytes(ndjson(PERSON))
    nowhere = settings("postgresql+psycopg://nobody@127.0.0.1:1/none", workers=workers)

    with pytest.raises(StoreUnavailable):
        ingest_files([tmp_path], nowhere, tmp_path / "rejects.ndjson")
