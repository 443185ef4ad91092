"""What a run says when it fails: whose data and where in the code, and no value of anybody."""

import pytest

from etl.jobs.failures import RunFailed, WorkFailed, naming, work_failure
from etl.jobs.run import failures_told


def test_a_failure_names_the_pseudonym_and_no_value() -> None:
    with (
        pytest.raises(WorkFailed, match=r"patient p1abc: ValueError at .*py:\d+") as failed,
        naming("Observation to events", "patient p1abc"),
    ):
        float("John Smith")

    assert "John" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_the_sentence_is_found_in_what_spark_says() -> None:
    said = (
        "[PYTHON_EXCEPTION] Traceback:\n  File worker.py\netl.jobs.failures.WorkFailed: "
        "Observation to events failed for patient p1abc: ValueError at lab.py:7.\n\tat org.apache"
    )

    assert work_failure(said) == (
        "Observation to events failed for patient p1abc: ValueError at lab.py:7."
    )


def test_what_no_worker_said_is_not_taken_for_a_failure() -> None:
    assert work_failure("java.lang.OutOfMemoryError") is None


def test_a_run_says_which_snapshot_is_still_current() -> None:
    assert "the one before is still current" in str(RunFailed("Embedding failed for note abc."))
    with pytest.raises(ZeroDivisionError), failures_told():
        _ = 1 / 0
