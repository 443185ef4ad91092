"""Ingest files with as many processes as asked for.

What others refer to by identifier (hospitals, practitioners) goes first, one input at a time; the
rest in parallel, an input to a worker. A Bundle whose conditional references find nothing yet
waits and is tried again while others are still being stored; at the end it is refused for good.
"""

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import create_engine

from fhir_api.errors import StoreUnavailable
from fhir_api.ingest.ingestor import Ingestor
from fhir_api.ingest.inputs import COME_FIRST, Input, find_inputs
from fhir_api.ingest.reader import InputReader, NotYet, broken
from fhir_api.ingest.report import IngestReport, Outcome
from fhir_api.ingest.settings import IngestSettings, build_ingestor
from fhir_api.store.planner import refresh_statistics

RARE_COLLECTIONS = (50_000, 20, 20)  # a Bundle makes many objects and no cycles
Work = Callable[[Input, bool], Outcome | None]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest has come.

    Attributes:
        done: Inputs finished.
        inputs: Inputs there are.
        resources: Resources read so far.
        name: The input that was finished; for the operator's terminal only.
    """

    done: int
    inputs: int
    resources: int
    name: str


@dataclass(slots=True)
class Run:
    """An ingest under way."""

    inputs: Sequence[Input]
    rejects: Path
    on_progress: Callable[[Progress], None]
    outcome: Outcome = field(default_factory=Outcome)
    done: int = 0
    any_rejected: bool = False

    def finish(self, given: Input, outcome: Outcome) -> None:
        """Count one input that is finished, and write down what it refused."""
        self.done += 1
        self.outcome.add(outcome)
        if outcome.rejected:
            self.any_rejected = True
            with self.rejects.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(each)) + "\n" for each in outcome.rejected)
        read = sum(tally.read for tally in self.outcome.tallies.values())
        self.on_progress(Progress(self.done, len(self.inputs), read, given.name))


def ingest_files(
    paths: Sequence[Path],
    settings: IngestSettings,
    rejects: Path,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> IngestReport:
    """Store what the files, folders and archives hold; what was refused goes to `rejects`.

    `rejects` is appended to (NDJSON of `fhir_api.ingest.report.Rejected`), and made only when
    something is refused. `on_progress` is called in the calling process after each input. Raises
    UnknownInput before anything is stored, and StoreUnavailable when the database goes away; what
    was stored till then is whole, and the same call again completes it.
    """
    run = Run(find_inputs(paths), rejects, on_progress)
    engine = create_engine(settings.database_url)
    try:
        ingest_all(run, settings, build_ingestor(settings, engine))
        refresh_statistics(engine)
    finally:
        engine.dispose()
    found = run.outcome
    return IngestReport(
        len(run.inputs), found.tallies, rejects if run.any_rejected else None, found.dropped
    )


def ingest_all(run: Run, settings: IngestSettings, ingestor: Ingestor) -> None:
    """First what others refer to, then the rest, then what had to wait."""
    here = partial(ingest_one, ingestor)
    ranked = sorted(run.inputs, key=lambda each: (each.rank, each.number))
    first = [each for each in ranked if each.rank < len(COME_FIRST)]
    rest = [each for each in ranked if each.rank == len(COME_FIRST)]
    waiting = carry_out(run, one_by_one(here, first, wait=True))
    with working(settings, here, len(rest)) as each_of:
        waiting += carry_out(run, each_of(rest, True))
        while waiting and len(still := carry_out(run, each_of(waiting, True))) < len(waiting):
            waiting = still
        carry_out(run, each_of(waiting, False))


def carry_out(run: Run, results: Iterable[tuple[Input, Outcome | None]]) -> list[Input]:
    """Count what comes; the inputs that must wait."""
    waiting = []
    for given, outcome in results:
        if outcome is None:
            waiting.append(given)
        else:
            run.finish(given, outcome)
    return sorted(waiting, key=lambda each: each.number)


EachOf = Callable[[Sequence[Input], bool], Iterable[tuple[Input, Outcome | None]]]


@contextmanager
def working(settings: IngestSettings, here: Work, inputs: int) -> Iterator[EachOf]:
    """A way to have inputs ingested: in this process, or by workers."""
    if settings.workers < 2 or inputs < 2:
        yield lambda given, wait: one_by_one(here, given, wait=wait)
        return
    context = get_context("spawn")  # a fork would share the parent's database connection
    pool = ProcessPoolExecutor(settings.workers, context, start_worker, (settings,))
    with pool:
        yield lambda given, wait: in_parallel(pool, given, wait=wait)


def one_by_one(
    work: Work, inputs: Sequence[Input], *, wait: bool
) -> Iterator[tuple[Input, Outcome | None]]:
    """Inputs in their order, in this process."""
    for given in inputs:
        yield given, work(given, wait)


def in_parallel(
    pool: Executor, inputs: Sequence[Input], *, wait: bool
) -> Iterator[tuple[Input, Outcome | None]]:
    """Inputs as workers finish them."""
    futures = {pool.submit(ingest_in_worker, given, wait): given for given in inputs}
    for future in as_completed(futures):
        yield futures[future], future.result()


def ingest_one(ingestor: Ingestor, given: Input, wait: bool) -> Outcome | None:
    """What became of one input; None when it must wait.

    An input on which we break is rejected, so that the others go on; only a database that is away
    ends the whole.
    """
    try:
        return InputReader(ingestor, given, wait=wait).read()
    except NotYet:
        return None
    except StoreUnavailable:
        raise
    except Exception as error:
        return broken(given, error)


class Worker:
    """The ingestor of a worker process, made once when the process starts."""

    ingestor: Ingestor


def start_worker(settings: IngestSettings) -> None:
    """Give this process its own connection, keys and validator."""
    gc.set_threshold(*RARE_COLLECTIONS)
    engine = create_engine(settings.database_url, pool_size=1)
    Worker.ingestor = build_ingestor(settings, engine)


def ingest_in_worker(given: Input, wait: bool) -> Outcome | None:
    """`ingest_one` in a worker process."""
    return ingest_one(Worker.ingestor, given, wait)
