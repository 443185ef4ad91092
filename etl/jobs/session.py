"""The Spark session of one command: where it runs, how much it may use, where it puts its files.

Java and the Python of the workers come from the environment, which the front door prepares.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import SparkSession

LOGGING = Path(__file__).with_name("log4j2.properties").resolve()
REPOSITORY = Path(__file__).resolve().parents[2]  # or site-packages: where `etl` is found

ROWS_REST_ON = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # else INT96, without a zone
    "spark.sql.parquet.compression.codec": "zstd",
    # A row may hold a whole document, so batches are bounded in rows more tightly than usual.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
}


@dataclass(frozen=True, slots=True)
class SparkOptions:
    """How to start Spark.

    Attributes:
        master: `local[*]`, or the URL of a cluster.
        home: Our directory; temporary files go below it, readable by nobody else.
        memory: Heap of the driver (and so of everything under `local`), and of each executor.
        partitions: Shuffle partitions; Spark merges small ones, so this is an upper bound.
    """

    master: str
    home: Path
    memory: str = "2g"
    partitions: int = 64


@contextmanager
def spark_session(options: SparkOptions) -> Iterator[SparkSession]:
    """A session that is stopped, and its temporary files removed, when the block ends.

    Where this process has a session already (a notebook's, say), that one is used and left as it
    was.

    Raises:
        pyspark.errors.PySparkRuntimeError: Java could not be started.
    """
    if (given := SparkSession.getActiveSession()) is not None:
        with borrowed(given, settings(options, options.home)) as session:
            yield session
        return
    with scratch_folder(options.home) as scratch:
        builder = SparkSession.Builder().master(options.master).appName("homeward features")
        for name, value in settings(options, scratch).items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()


@contextmanager
def borrowed(given: SparkSession, wanted: Mapping[str, str]) -> Iterator[SparkSession]:
    """`given` with what settings can still be made; it has its own again when the block ends."""
    changed = {name: value for name, value in wanted.items() if given.conf.isModifiable(name)}
    kept = {name: given.conf.get(name, None) for name in changed}
    for name, value in changed.items():
        given.conf.set(name, value)
    try:
        yield given
    finally:
        for name, before in kept.items():
            given.conf.unset(name) if before is None else given.conf.set(name, before)


@contextmanager
def scratch_folder(home: Path) -> Iterator[Path]:
    """A folder below `home/tmp` with mode 0700, removed when the block ends."""
    (home / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="spark-", dir=home / "tmp")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # a dying worker may still hold a file


def settings(options: SparkOptions, scratch: Path) -> dict[str, str]:
    """What must be known when Spark starts; each line that is not plain has its reason."""
    return {
        "spark.driver.memory": options.memory,
        "spark.executor.memory": options.memory,
        "spark.local.dir": str(scratch),
        # The JVM outlives the session, and with it this folder must; ours alone is removed.
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={scratch.parent} "
        f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.executorEnv.PYTHONPATH": str(REPOSITORY),  # workers import our packages
        "spark.executorEnv.OMP_NUM_THREADS": "1",  # Spark already runs one worker a core
        "spark.executorEnv.OPENBLAS_NUM_THREADS": "1",
        "spark.ui.enabled": "false",  # a web page would show plans to whoever asks
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(options.partitions),
        # The work is in Python and not in bytes: many small partitions keep all cores busy.
        "spark.sql.adaptive.coalescePartitions.minPartitionSize": "256k",
    }


def settle(spark: SparkSession) -> None:
    """Set what the rows of a snapshot rest on, in whatever session the run was given."""
    for name, value in ROWS_REST_ON.items():
        spark.conf.set(name, value)
