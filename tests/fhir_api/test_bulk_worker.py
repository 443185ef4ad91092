"""Whatever happens to a worker, a job ends, and its output is whole and nothing twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.bulk import worker
from fhir_api.bulk.errors import LeaseLost
from fhir_api.bulk.files import Draft
from fhir_api.bulk.lease import Lease
from fhir_api.bulk.worker import run_pending, run_until
from fhir_api.errors import StoreUnavailable
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import observation, patient

REPOSITORY = Path(__file__).resolve().parents[2]
MANY = text("""
    INSERT INTO resource_version
        (site, resource_type, resource_id, version, patient_bucket, deleted, digest, policy, body)
    SELECT 'test', 'Observation', 'p1' || lpad(n::text, 8, '0'), 1, 0, false, '', '',
        jsonb_build_object('resourceType', 'Observation', 'id', 'p1' || lpad(n::text, 8, '0'))
    FROM generate_series(1, :count) n
""")
MANY_HEADS = text("""
    INSERT INTO resource_head (site, resource_type, resource_id, version, deleted, digest)
    SELECT site, resource_type, resource_id, version, deleted, digest FROM resource_version
""")


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> BulkServer:
    return BulkServer(engine, tmp_path / "bulk", lines_of_a_file=100)


def many(server: BulkServer, count: int) -> None:
    with server.parts.engine.begin() as connection:
        connection.execute(MANY, {"count": count})
        connection.execute(MANY_HEADS)


def job_of(status: str) -> str:
    return status.rpartition("/")[2]


def state_of(server: BulkServer, status: str) -> str:
    job = server.parts.jobs.get(job_of(status))
    assert job is not None
    return job.state


def kill_after(server: BulkServer, url: str, files: int) -> None:
    """Start a worker and kill it -9 when it is in the middle of a file."""
    folder = str(server.parts.files.folder)
    command = [sys.executable, "-m", "tests.support.killable_bulk", url, folder, "100"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(files):
        assert process.stdout.readline()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("files", [1, 4])
def test_an_export_that_was_killed_goes_on_where_it_was(
    server: BulkServer, database_url: str, files: int
) -> None:
    many(server, 1000)
    undisturbed = server.output(server.export("$export"))["Observation"]
    status = server.begin("$export")
    kill_after(server, database_url, files)
    finished = {each.file for each in server.parts.jobs.parts(job_of(status)) if each.file}
    run_pending(server.parts)
    assert state_of(server, status) == "running"  # its lease has not run out

    server.clock.wait(61)
    manifest = server.finished(status)

    assert server.output(manifest)["Observation"] == undisturbed
    assert {each["url"].rpartition("/")[2] for each in manifest["output"]} >= finished
    assert len(finished) in {files - 1, files}
    left = {path.name for path in server.parts.files.home(job_of(status)).iterdir()}
    assert left == {each["url"].rpartition("/")[2] for each in manifest["output"]}


def test_two_workers_do_not_take_the_same_job(server: BulkServer) -> None:
    server.begin("$export")

    first = server.parts.jobs.lease("one", server.clock())
    second = server.parts.jobs.lease("two", server.clock())

    assert first is not None
    assert second is None


def test_a_worker_that_was_thought_dead_writes_nothing(server: BulkServer) -> None:
    status = server.begin("$export")
    job = server.parts.jobs.lease("one", server.clock())
    assert job is not None
    server.clock.wait(61)
    server.finished(status)

    for late in (
        lambda lease: lease.end(server.clock(), "late"),
        lambda lease: lease.renew(server.clock(), "late"),
        lambda lease: lease.let_go(server.clock()),
    ):
        with pytest.raises(LeaseLost):
            late(Lease(server.parts.jobs, job, "one"))
    assert server.http.get(status).status_code == 200


def test_a_job_that_is_interrupted_again_and_again_is_given_up(server: BulkServer) -> None:
    status = server.begin("$export")
    for _ in range(5):
        assert server.parts.jobs.lease("dies", server.clock()) is not None
        server.clock.wait(61)

    run_pending(server.parts)

    assert "given up" in refusal(server.http.get(status), 500)


def fails_with(monkeypatch: pytest.MonkeyPatch, *errors: Exception | None) -> None:
    """Let the first attempts at exports fail."""
    honest = worker.WORK["export"]
    left = iter(errors)

    def attempt(parts: Any, lease: Any) -> None:
        error = next(left, None)
        if error is not None:
            raise error
        honest(parts, lease)

    monkeypatch.setattr(worker, "WORK", {"export": attempt})


def test_a_database_that_was_away_is_tried_again(
    server: BulkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_with(monkeypatch, StoreUnavailable(), StoreUnavailable())
    status = server.begin("$export")
    for _ in range(2):
        assert run_pending(server.parts) == 1
        assert state_of(server, status) == "running"
        server.clock.wait(11)

    assert server.finished(status)["output"] == []


def test_a_mistake_of_our_own_ends_the_job_and_tells_no_value(
    server: BulkServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fails_with(monkeypatch, KeyError("Quillfeather"))
    status = server.begin("$export")
    run_pending(server.parts)

    told = refusal(server.http.get(status), 500)

    assert "KeyError" in told
    assert "Quillfeather" not in told + caplog.text


def test_a_job_that_is_deleted_meanwhile_leaves_nothing(
    server: BulkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(server, 500)
    status = server.begin("$export")
    finish = Lease.finish_part

    def deleted_meanwhile(lease: Lease, part: Any, now: Any) -> None:
        server.http.delete(status)
        finish(lease, part, now)

    monkeypatch.setattr(Lease, "finish_part", deleted_meanwhile)
    run_pending(server.parts)

    assert server.http.get(status).status_code == 404
    assert server.parts.files.jobs() == []


def test_a_long_export_keeps_its_lease_and_tells_how_far_it_is(
    server: BulkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(server, 50)
    status = server.begin("$export")
    told: list[str] = []

    def slow(draft: Draft, data: bytes) -> None:
        server.clock.wait(4)
        draft.file.write(data)
        draft.lines += 1
        job = server.parts.jobs.get(job_of(status))
        assert job is not None
        told.append(job.progress)
        assert server.parts.jobs.lease("another", server.clock()) is None

    monkeypatch.setattr(Draft, "write", slow)

    assert server.finished(status)["output"][0]["count"] == 50
    assert "Observation: 48 resources so far" in told


def test_jobs_expire_with_their_files(server: BulkServer) -> None:
    many(server, 3)
    status = server.begin("$export")
    manifest = server.finished(status)
    server.clock.wait(24 * 3600 + 1)

    run_pending(server.parts)

    assert server.http.get(status).status_code == 404
    assert server.http.get(manifest["output"][0]["url"]).status_code == 404
    assert server.parts.files.jobs() == []


def test_folders_that_no_job_has_are_removed_and_others_are_not(server: BulkServer) -> None:
    many(server, 3)
    manifest = server.export("$export")
    orphan = server.parts.files.home("0" * 48)
    orphan.mkdir()
    (orphan / "left.ndjson").write_text("{}")

    run_pending(server.parts)

    assert not orphan.exists()
    assert server.http.get(manifest["output"][0]["url"]).status_code == 200


def test_files_are_for_us_alone(server: BulkServer) -> None:
    many(server, 3)
    home = server.parts.files.home(job_of(server.begin("$export")))
    run_pending(server.parts)

    assert home.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in home.iterdir()] == [0o600]


@pytest.fixture
def working(server: BulkServer) -> Iterator[None]:
    """A worker in a thread, as the server has one."""
    stop = Event()
    thread = Thread(target=run_until, args=(server.parts, stop, 0.01))
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.usefixtures("working")
def test_a_thread_works_jobs_off_as_they_come(server: BulkServer) -> None:
    server.put(patient(id="ann"), observation("Patient/ann", id="a1"))
    status = server.begin("$export")

    while state_of(server, status) != "done":
        pass

    assert len(server.http.get(status).json()["output"]) == 2


def test_what_was_asked_rests_sealed(server: BulkServer) -> None:
    server.begin("$export?_typeFilter=Patient%3Fidentifier%3DMRN-8830417")

    with server.parts.engine.connect() as connection:
        rows = connection.execute(text("SELECT j::text FROM bulk_job j")).scalars().all()

    assert len(rows) == 1
    assert b"MRN-8830417".hex() not in rows[0]
    assert "MRN" not in rows[0]
