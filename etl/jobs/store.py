"""What a run reads from the resource store: which patients, and their resources.

In      Postgres    `fhir_api.store.tables.ResourceVersion`
Out     feed        as `fhir_api.store.feed.feed_query` gives it, of the wanted patients
        ids         patient_id
Sees    committed versions below the watermark, and of each resource the newest of those
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql
from pyspark.sql import DataFrame, SparkSession

from etl.jobs.postgres_source import Split, read_postgres
from fhir_api.store.feed import feed_query
from fhir_api.store.tables import PATIENT_BUCKETS, ResourceVersion

ROWS = ResourceVersion.__tablename__
FROM_THE_BEGINNING = 0
FEED_SCHEMA = "patient_id string, patient_bucket short, resource_type string, body string"


@dataclass(frozen=True, slots=True)
class StoreWindow:
    """One site's changes between two watermarks.

    Attributes:
        url: A libpq address; executors connect to it.
        site: The tenant.
        since: Patients with a change in a transaction from here on are read; 0 for all patients.
        until: Transactions below it are read.
    """

    url: str
    site: str
    since: int
    until: int


def feed(spark: SparkSession, window: StoreWindow, types: tuple[str, ...] = ()) -> DataFrame:
    """All current resources (of some types) of the patients with a change in the window.

    Read in parallel by ranges of `patient_bucket`, a hash of the patient.
    """
    everything = feed_query(window.site, FROM_THE_BEGINNING, window.until)
    wanted = ["NOT deleted", "patient_id IS NOT NULL"]
    if window.since > FROM_THE_BEGINNING:
        wanted.append(f"patient_id IN ({touched_query(window)})")
    if types:
        wanted.append(f"resource_type IN ({', '.join(map(_quoted, types))})")
    columns = "patient_id, patient_bucket, resource_type, body"
    query = f"SELECT {columns} FROM ({everything}) AS feed WHERE {' AND '.join(wanted)}"
    return read_postgres(spark, window.url, query, FEED_SCHEMA, by_bucket(spark))


def touched(window: StoreWindow) -> Iterator[str]:
    """Ids of the patients with a change in the window, each once, streamed to the driver."""
    with psycopg.connect(window.url) as connection, connection.cursor("touched") as cursor:
        cursor.itersize = 10_000
        for (patient_id,) in cursor.execute(sql.SQL(touched_query(window))):
            yield patient_id


def touched_query(window: StoreWindow) -> str:
    """SELECT of the patients that have, or had, a resource with a version in the window.

    A resource may be moved from one patient to another; then both are touched.
    """
    if window.since == FROM_THE_BEGINNING:
        return (
            f"SELECT DISTINCT patient_id FROM {ROWS} WHERE site = {_quoted(window.site)} "
            f"AND patient_id IS NOT NULL AND transaction_id < '{window.until:d}'::xid8"
        )
    return (
        f"SELECT DISTINCT had.patient_id FROM {ROWS} AS had JOIN {ROWS} AS changed "
        "USING (site, resource_type, resource_id) "
        f"WHERE site = {_quoted(window.site)} AND had.patient_id IS NOT NULL "
        f"AND had.transaction_id < '{window.until:d}'::xid8 "
        f"AND changed.transaction_id >= '{window.since:d}'::xid8 "
        f"AND changed.transaction_id < '{window.until:d}'::xid8"
    )


def by_bucket(spark: SparkSession) -> Split:
    """Four parts a core: small enough to even out, large enough to be worth a connection."""
    parts = 4 * spark.sparkContext.defaultParallelism
    return Split("patient_bucket", 0, PATIENT_BUCKETS - 1, min(parts, PATIENT_BUCKETS))


def _quoted(text: str) -> str:
    """A text as an SQL literal; the query is sent whole, so it cannot be bound."""
    return "'" + text.replace("'", "''") + "'"
