"""Make search values for resources that were stored before there were any, or by older rules.

Each batch is one transaction that leaves its heads marked with the edition of the rules, so a run
that was killed goes on where it stopped, and a second run finds nothing to do. Heads are locked in
the order in which writers lock them: both can work at the same time, and a resource that a writer
changes meanwhile is left to that writer.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import text

from fhir_api.json_text import parse
from fhir_api.search.index.extract import EDITION, values_of
from fhir_api.search.index.lanes import lane
from fhir_api.search.index.walks import Value
from fhir_api.search.r4.sources import keyed
from fhir_api.store.index import IDENTIFIER, VALUE_COLUMNS, value_line
from fhir_api.store.repository import ResourceStore
from fhir_api.store.rows import copy_rows
from fhir_api.store.unit import UnitOfWork

BATCH = 500
BEHIND = text("""
    SELECT number FROM resource_head
    WHERE site = :site AND number > :after AND indexed <> :edition ORDER BY number LIMIT :count
""")
LOCKED = text("""
    SELECT h.number, h.resource_type, v.body::text,
           ARRAY(SELECT i.token FROM resource_identifier i
                 WHERE i.site = h.site AND i.resource_type = h.resource_type
                   AND i.resource_id = h.resource_id ORDER BY i.token)
    FROM resource_head h JOIN resource_version v USING (site, resource_type, resource_id, version)
    WHERE h.site = :site AND h.number = ANY(cast(:numbers AS bigint[])) AND h.indexed <> :edition
    ORDER BY h.resource_type, h.resource_id FOR UPDATE OF h
""")
FORGET = text("""
    DELETE FROM search_value
    WHERE resource = ANY(cast(:numbers AS bigint[]))
      AND (lane <> ALL(cast(:keyed AS bigint[])) OR code = ANY(cast(:tokens AS text[])))
""")
MARK = text("""
    UPDATE resource_head SET indexed = :edition WHERE number = ANY(cast(:numbers AS bigint[]))
""")
Found = tuple[int, str, str | None, Sequence[str]]  # number, type, body, keyed tokens


def reindex(
    store: ResourceStore, batch: int = BATCH, on_progress: Callable[[int], None] = lambda _: None
) -> int:
    """Bring the index of a site to the rules of this edition; how many resources were behind.

    `on_progress` is told after each batch how many are done. Identifiers that are not kept in the
    stored resource (of references, of groups) keep the tokens that were made when they were sent.
    """
    done, after = 0, 0
    while numbers := store.run(partial(behind, after=after, count=batch)):
        done += store.run(partial(index_anew, numbers=numbers))
        after = numbers[-1]
        on_progress(done)
    return done


def behind(unit: UnitOfWork, after: int, count: int) -> Sequence[int]:
    """Numbers of the next heads whose values are of no edition, or of another."""
    given = {"site": unit.site, "after": after, "count": count, "edition": EDITION}
    return unit.connection.execute(BEHIND, given).scalars().all()


def index_anew(unit: UnitOfWork, numbers: Sequence[int]) -> int:
    """Make the values of resources anew, in one transaction; how many there were to do."""
    given = {"site": unit.site, "numbers": list(numbers), "edition": EDITION}
    found: list[Found] = [tuple(row) for row in unit.connection.execute(LOCKED, given)]
    named = {"numbers": [each[0] for each in found], "edition": EDITION}
    lanes = {lane(unit.site, each[1], name) for each in found for name, _ in keyed(each[1])}
    tokens = [token for *_, own in found for token in own]
    forgotten = {"numbers": named["numbers"], "keyed": list(lanes), "tokens": tokens}
    unit.connection.execute(FORGET, forgotten)
    lines = [line for each in found for line in lines_of(unit.site, each)]
    copy_rows(unit.cursor(), "search_value", VALUE_COLUMNS, lines)
    unit.connection.execute(MARK, named)
    return len(found)


def lines_of(site: str, found: Found) -> Iterator[bytes]:
    """COPY text of everything that a stored resource can be found by; nothing when deleted."""
    number, resource_type, body, tokens = found
    if body is None:
        return
    for value in values_of(resource_type, parse(body.encode())):
        yield value_line(site, resource_type, number, value)
    for token in tokens:
        yield value_line(site, resource_type, number, Value(IDENTIFIER, 0, None, token))
