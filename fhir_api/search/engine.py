"""The search engine of a site: it answers searches, and finds what conditional writes ask for.

    engine = SearchEngine(store, keys, policy, now)
    page = engine.run(None, "Observation", [("patient", "17"), ("code", "8310-5")], caller=caller)

https://hl7.org/fhir/R4/search.html; docs/reference/search.md says how we read it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import parse_qsl

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from fhir_api.access.caller import Caller, Limit
from fhir_api.json_text import dump
from fhir_api.search.query.cursor import Cursors
from fhir_api.search.query.names import Names
from fhir_api.search.query.reading import Reading, read
from fhir_api.search.r4.offer import Offer
from fhir_api.search.sql.bound import Bound
from fhir_api.search.sql.frame import Frame
from fhir_api.search.sql.includes import included
from fhir_api.search.sql.matching import matches_of
from fhir_api.search.sql.patients import NamedPatients
from fhir_api.search.sql.question import Page, Parameters, Question
from fhir_api.search.sql.sorting import after
from fhir_api.search.sql.statement import Matches, fetch, first_ids, number_of, page
from fhir_api.store.repository import ResourceStore, give_up_unless_conflict
from privacy.keys import SiteKeys
from privacy.policy import Policy

# resource type, query, and where the matches must lie
Asked = tuple[str, str] | tuple[str, str, tuple[Limit, ...]]
CARRIERS = text("""
    SELECT resource_id FROM resource_identifier
    WHERE site = :site AND resource_type = 'Patient' AND token = ANY(CAST(:tokens AS text[]))
    LIMIT 101
""")


class SearchEngine:
    """Answers searches over the store of one site.

    Args:
        store: What is searched.
        keys: Of the site.
        policy: What is kept, and so what can be searched for.
        now: The clock, for `ap`.
    """

    def __init__(
        self, store: ResourceStore, keys: SiteKeys, policy: Policy, now: Callable[[], datetime]
    ) -> None:
        self.store = store
        self.keys = keys
        self.now = now
        self.offer = Offer(policy)

    def run(
        self,
        connection: Connection | None,
        resource_type: str,
        parameters: Parameters,
        limits: tuple[Limit, ...] | None = None,
        *,
        caller: Caller | None = None,
        lenient: bool = False,
    ) -> Page:
        """One page of a search of one type; see `Question` for the arguments.

        Sees what the connection has written and not committed; without one, opens its own.
        """
        asked = Question(resource_type, parameters, caller, limits, lenient)
        return self.answer(connection, asked)

    def answer(self, connection: Connection | None, question: Question) -> Page:
        """One page; raises InvalidRequest (400) or Forbidden (403)."""
        reading = read(question.parameters, lenient=question.lenient)
        with self.connected(connection) as opened:
            frame = self.frame(opened, question, reading)
            matches = matches_of(frame, reading, question)
            return self.found(opened, frame, matches, question, reading)

    def found(
        self,
        connection: Connection,
        frame: Frame,
        matches: Matches,
        question: Question,
        reading: Reading,
    ) -> Page:
        """The page that was asked for."""
        controls = reading.controls
        answer = Page([], reading.applied, controls, frame.names.given, warnings=reading.warnings)
        if controls.only_counts or controls.total != "none":
            answer.total = number_of(connection, frame, matches)
        if controls.only_counts:
            return answer
        cursors = Cursors(self.keys, searched(question, reading))
        if controls.cursor:
            begin = after(frame, matches.place, matches.keys, cursors.open(controls.cursor))
            matches = matches._replace(conditions=[*matches.conditions, begin])
        most = min(controls.count, question.most)
        rows = page(connection, frame, matches, most + 1)
        kept = rows[:most]
        answer.rows = [each.row for each in kept]
        answer.next = cursors.seal(kept[-1].ends) if len(rows) > len(kept) else None
        answer.included = included(connection, frame, controls, kept)
        return answer

    def matching_ids(
        self, connection: Connection, asked: Sequence[Asked], limit: int = 2
    ) -> list[list[str]]:
        """Pseudonyms that each (type, query) finds, at most `limit`; one statement for all.

        Sees what the connection has written and not committed. Raises InvalidRequest.
        """
        if not asked:
            return []
        bound, parts = Bound(), []
        for number, (question, reading) in enumerate(map(question_of, asked)):
            frame = replace(self.frame(connection, question, reading), bound=bound)
            matches = matches_of(frame, reading, question)
            parts.append(first_ids(matches, number, limit))
        found: list[list[str]] = [[] for _ in asked]
        for number, id_ in connection.execute(text(" UNION ALL ".join(parts)), bound.values):
            found[number].append(id_)
        return found

    def check_query(self, resource_type: str, query: str) -> None:
        """Raise InvalidRequest for a query that `matching_ids` could not answer; asks nothing."""
        question, reading = question_of((resource_type, query))
        matches_of(self.frame(None, question, reading), reading, question)

    def permitted(
        self,
        connection: Connection,
        resource_type: str,
        ids: Collection[str],
        limits: Sequence[Limit],
        caller: Caller | None = None,
    ) -> set[str]:
        """Those of the pseudonyms whose newest version is inside one of the limits.

        With a caller, the limits are searches of theirs: ids are named as they name them, and
        chains end where their own limits are.
        """
        question = Question(resource_type, (), caller, tuple(limits))
        frame = self.frame(connection, question, Reading())
        matches = matches_of(frame, Reading(), question)
        named = f"{matches.place.head}.resource_id = ANY({frame.bound.texts(ids)})"
        statement = f"SELECT h0.resource_id {matches.source} AND {named}"
        return {row[0] for row in fetch(connection, frame, statement)}

    def frame(self, connection: Connection | None, question: Question, reading: Reading) -> Frame:
        """What the parts of one search share."""
        caller = question.caller
        both, identified = self.store.vault is None, caller is None or caller.identified
        names = Names(self.keys, identified=identified, both=both)
        carriers = partial(patients_with, connection, self.keys.site)
        asked = [each for _, each in reading.asked]
        patients = NamedPatients(names, self.offer, question, asked, carriers)
        return Frame(self.keys, self.offer, names, self.now(), caller, patients.shifts)

    @contextmanager
    def connected(self, connection: Connection | None) -> Iterator[Connection]:
        """The connection given, or one of its own; raises StoreUnavailable (503) for none."""
        if connection is not None:
            yield connection
            return
        try:
            with self.store.engine.connect() as opened:
                yield opened
        except DBAPIError as error:
            give_up_unless_conflict(error)
            raise


def question_of(asked: Asked) -> tuple[Question, Reading]:
    """The search that a conditional interaction asks, by the server and not by its caller."""
    resource_type, query, *limits = asked
    given = parse_qsl(query, keep_blank_values=True)
    return Question(resource_type, given, limits=limits[0] if limits else None), read(given)


def patients_with(
    connection: Connection | None, site: str, tokens: Collection[str]
) -> Collection[str]:
    """Patients that carry one of some identifiers."""
    if connection is None:
        return ()
    given = {"site": site, "tokens": list(tokens)}
    return [row[0] for row in connection.execute(CARRIERS, given)]


def searched(question: Question, reading: Reading) -> str:
    """What is searched, the same for every page of it."""
    narrowed = repr(question.narrow)
    return dump([question.resource_type, question.within, narrowed, reading.applied]).decode()
