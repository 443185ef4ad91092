"""A standalone Spark cluster of separate processes, as a hospital would run it, on one machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
DEPLOY = "org.apache.spark.deploy"
STARTED_WITHIN_S = 120.0


@contextmanager
def standalone_cluster(folder: Path, workers: int) -> Iterator[str]:
    """One Master and some Workers of one core each; gives the Master's URL.

    Each Worker keeps its applications in `folder/worker-N`.
    """
    with ExitStack() as processes:
        log = processes.enter_context(
            daemon(folder / "master", f"{DEPLOY}.master.Master", "--host", "127.0.0.1", "--port",
                   "0", "--webui-port", "0")
        )  # fmt: skip
        url = "spark://" + said(log, "Starting Spark master at spark://")
        for number in range(workers):
            log = processes.enter_context(
                daemon(folder / f"worker-{number}", f"{DEPLOY}.worker.Worker", "--cores", "1",
                       "--memory", "600m", "--host", "127.0.0.1", "--webui-port", "0",
                       "--work-dir", str(folder / f"worker-{number}"), url)
            )  # fmt: skip
            said(log, "Successfully registered with master ")
        yield url


@contextmanager
def daemon(folder: Path, *command: str) -> Iterator[Path]:
    """A Java process of Spark; gives its log, and ends the process with the block."""
    folder.mkdir()
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [SPARK_CLASS, *command], stdout=output, stderr=output, env=environment(folder)
        )
    try:
        yield log
    finally:
        process.terminate()
        process.wait(timeout=30)


def environment(folder: Path) -> Mapping[str, str]:
    """The environment of this process, with Spark's files below `folder`."""
    own = {"SPARK_LOCAL_DIRS": str(folder), "SPARK_DAEMON_MEMORY": "160m",
           "PYSPARK_PYTHON": sys.executable}  # fmt: skip
    return {**os.environ, **own}


def said(log: Path, words: str) -> str:
    """What follows `words` on their line in the log, once they are there.

    Raises:
        TimeoutError: They are not there in time; the end of the log is in the message.
    """
    deadline = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < deadline:
        _, found, rest = log.read_text().partition(words)
        if found and "\n" in rest:
            return rest.partition("\n")[0].strip()
        time.sleep(0.2)
    raise TimeoutError(f"{log} never said {words!r}: {log.read_text()[-2000:]}")
