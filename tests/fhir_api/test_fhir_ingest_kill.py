"""A kill of the ingest half-way leaves whole Bundles or none, and a second run completes it."""

import json
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Engine, text

from fhir_api.ingest.run import ingest_files
from tests.support.fhir import bundle, observation, patient, post, settings

BUNDLES = 40
ENTRIES = 60
REPOSITORY = Path(__file__).resolve().parents[2]
CONTENT = text("""
    SELECT resource_type, resource_id, version, body::text FROM resource_version ORDER BY 1, 2, 3
""")
PER_PATIENT = text("SELECT count(*) FROM resource_version GROUP BY patient_id")


def write_bundles(folder: Path) -> None:
    """One Bundle a file: a patient and what was observed."""
    for number in range(BUNDLES):
        name = f"urn:uuid:{number:08d}-2222-4333-8444-555566667777"
        seen = [post(observation(name)) for _ in range(ENTRIES - 1)]
        made = bundle("transaction", post(patient(), name), *seen)
        (folder / f"{number:03d}.json").write_text(json.dumps(made))


def content(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(CONTENT)]


def kill_after(inputs: int, url: str, folder: Path, rejects: Path) -> None:
    """Start an ingest and kill it -9 when it has told of some inputs."""
    command = [
        sys.executable,
        "-m",
        "tests.support.killable_ingest",
        url,
        str(rejects),
        str(folder),
    ]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(inputs):
        process.stdout.readline()
    process.kill()
    process.communicate()


def test_a_killed_ingest_leaves_nothing_half_stored(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    folder, rejects = tmp_path / "bundles", tmp_path / "rejects.ndjson"
    folder.mkdir()
    write_bundles(folder)
    kill_after(7, database_url, folder, rejects)
    with engine.connect() as connection:
        sizes = list(connection.execute(PER_PATIENT).scalars())
    assert set(sizes) == {ENTRIES}
    assert 7 <= len(sizes) < BUNDLES

    again = ingest_files([folder], settings(database_url), rejects)
    finished = content(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE resource_version, resource_head, resource_identifier"))
    ingest_files([folder], settings(database_url), rejects)

    assert again.total.unchanged == ENTRIES * len(sizes)
    assert content(engine) == finished
    assert len(finished) == ENTRIES * BUNDLES
