"""Rows of the search index, written in the transaction that writes the resource.

A number is given once and kept by every later version, so that pages of a search can go by it.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from fhir_api.search.index.extract import values_of
from fhir_api.search.index.lanes import lane
from fhir_api.search.index.walks import Value
from fhir_api.store.rows import NULL, escaped
from privacy.records import CleanResource

VALUE_COLUMNS = (
    "resource", "lane", "place", "system", "code", "starts", "ends", "low", "high",
)  # fmt: skip
NUMBERS = text("SELECT nextval('resource_head_number') FROM generate_series(1, :count)")
FORGET_VALUES = text("DELETE FROM search_value WHERE resource = ANY(cast(:numbers AS bigint[]))")
NONE = NULL.decode()
IDENTIFIER = "identifier"


def new_numbers(connection: Connection, count: int) -> Sequence[int]:
    """Numbers for heads that are about to be written, in order, with one statement."""
    return connection.execute(NUMBERS, {"count": count}).scalars().all() if count else []


def forget_values(connection: Connection, numbers: Sequence[int]) -> None:
    """Remove everything by which resources were found, with one statement."""
    if numbers:
        connection.execute(FORGET_VALUES, {"numbers": list(numbers)})


def values_of_clean(resource: CleanResource) -> Iterator[Value]:
    """Everything that a de-identified resource can be found by, keyed tokens among it."""
    yield from values_of(resource.resource_type, resource.body)
    for token in dict.fromkeys(resource.identifier_tokens):
        yield Value(IDENTIFIER, 0, None, token)
    for parameter, token in resource.reference_tokens:
        yield Value(parameter, 0, None, token)


def value_line(site: str, resource_type: str, number: int, value: Value) -> bytes:
    """COPY text of a value."""
    system, code = worded(value.system), worded(value.code)
    starts, ends, low, high = (each or NONE for each in value[4:])
    where = f"{number}\t{lane(site, resource_type, value.parameter)}\t{value.place}"
    return f"{where}\t{system}\t{code}\t{starts}\t{ends}\t{low}\t{high}\n".encode()


def worded(text: str | None) -> str:
    """A text as COPY reads it; most hold nothing that it would take for structure."""
    if text is None:
        return NONE
    if text.isprintable() and "\\" not in text:
        return text
    return escaped(text.encode()).decode()
