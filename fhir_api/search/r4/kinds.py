"""What a value of each data type is found by, for each kind of search parameter.

https://hl7.org/fhir/R4/search.html#ptypes. A reading takes a value as stored and gives columns of
the index; of what is not shaped as its type says it gives nothing, since a site may store without
validation.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from fhir_api.moments import ALWAYS, FOREVER, Interval, interval
from fhir_api.search.r4.precision import Bounds, bounds
from fhir_api.search.r4.words import LONGEST, comparable

MINUS_INFINITY, INFINITY = "-Infinity", "Infinity"
NUMBERS = frozenset({int, float, Decimal})
CURRENCIES = "urn:iso:std:iso:4217"


class Columns(NamedTuple):
    """The columns of the index that a value fills; those of text are as COPY reads them."""

    system: str | None = None
    code: str | None = None
    starts: str | None = None
    ends: str | None = None
    low: str | None = None
    high: str | None = None


Reading = Callable[[Any], Sequence[Columns]]
NOTHING: tuple[Columns, ...] = ()


def cut(text: Any) -> str | None:
    """A text as far as an index holds it; None for what is no text."""
    return text[:LONGEST] if type(text) is str else None


def coding(value: Any) -> Sequence[Columns]:
    """A Coding by its code in its system."""
    code = value.get("code") if type(value) is dict else None
    return (Columns(cut(value.get("system")), code[:LONGEST]),) if type(code) is str else NOTHING


def concept(value: Any) -> Sequence[Columns]:
    """A CodeableConcept by each of its codings."""
    codings = value.get("coding") if type(value) is dict else None
    return [each for item in codings for each in coding(item)] if type(codings) is list else NOTHING


def word(value: Any) -> Sequence[Columns]:
    """A code, uri or other text as it stands."""
    return (Columns(None, value[:LONGEST]),) if type(value) is str else NOTHING


@cache
def word_of(system: str) -> Reading:
    """A reading of a code whose system goes without saying."""

    def read(value: Any) -> Sequence[Columns]:
        return (Columns(system, value[:LONGEST]),) if type(value) is str else NOTHING

    return read


def truth(value: Any) -> Sequence[Columns]:
    """A boolean as the words true and false."""
    return (Columns(None, "true" if value else "false"),) if type(value) is bool else NOTHING


def contact(value: Any) -> Sequence[Columns]:
    """A ContactPoint by its number or address."""
    return word(value.get("value")) if type(value) is dict else NOTHING


def reference(value: Any) -> Sequence[Columns]:
    """A Reference by where it points; what is contained in the resource is not found by it."""
    target = value.get("reference") if type(value) is dict else None
    if type(target) is not str or target[:1] == "#":
        return NOTHING
    return word(target.partition("/_history/")[0])


def canonical(value: Any) -> Sequence[Columns]:
    """A canonical by its address, its version beside it."""
    if type(value) is not str:
        return NOTHING
    address, _, version = value.partition("|")
    return (Columns(cut(version) or None, address[:LONGEST]),)


def resource(value: Any) -> Sequence[Columns]:
    """A resource inside another by its type and id."""
    if type(value) is not dict or type(value.get("id")) is not str:
        return NOTHING
    return word(f"{value.get('resourceType')}/{value['id']}")


def string(value: Any) -> Sequence[Columns]:
    """A text made comparable, and beside it as stored."""
    return (Columns(value[:LONGEST], comparable(value)),) if type(value) is str else NOTHING


def parts(*names: str) -> Reading:
    """A reading of an object by several of its texts."""

    def read(value: Any) -> Sequence[Columns]:
        if type(value) is not dict:
            return NOTHING
        given = (value[name] for name in names if name in value)
        texts = (text for each in given for text in (each if type(each) is list else [each]))
        return [each for text in texts for each in string(text)]

    return read


def date(value: Any) -> Sequence[Columns]:
    """A date, dateTime or instant by the interval it stands for."""
    return whole(value) if type(value) is str else NOTHING


@lru_cache(maxsize=65536)
def whole(text: str) -> Sequence[Columns]:
    """The columns of a date; kept, for many resources of a batch have the same."""
    return spanned(interval(text))


def period(value: Any) -> Sequence[Columns]:
    """A Period from the first moment of its start to the last of its end."""
    return spanned(span(value)) if type(value) is dict else NOTHING


def timing(value: Any) -> Sequence[Columns]:
    """A Timing from its first moment to its last, of events and bounds together."""
    if type(value) is not dict:
        return NOTHING
    events, repeat = value.get("event"), value.get("repeat")
    found = [interval(each) for each in events if type(each) is str] if events else []
    if type(repeat) is dict and type(repeat.get("boundsPeriod")) is dict:
        found.append(span(repeat["boundsPeriod"]))
    known = [each for each in found if each is not None]
    if not known:
        return NOTHING
    return spanned(Interval(min(each.starts for each in known), max(each.ends for each in known)))


def span(value: Mapping[str, Any]) -> Interval | None:
    """The interval of a Period; None when it has neither start nor end."""
    given = [value.get(name) for name in ("start", "end")]
    start, end = (interval(each) if type(each) is str else None for each in given)
    if start is None and end is None:
        return None
    return Interval(start.starts if start else ALWAYS, end.ends if end else FOREVER)


def spanned(found: Interval | None) -> Sequence[Columns]:
    """An interval as columns."""
    if found is None:
        return NOTHING
    return (Columns(None, None, moment(found.starts), moment(found.ends)),)


def moment(value: datetime) -> str:
    """A moment as Postgres reads it."""
    if value == ALWAYS:
        return "-infinity"
    return "infinity" if value == FOREVER else value.isoformat()


def number(value: Any) -> Sequence[Columns]:
    """A number by all numbers that round to it."""
    return ranged(bounds(value)) if type(value) in NUMBERS else NOTHING


def quantity(value: Any) -> Sequence[Columns]:
    """A Quantity by its number, system and code; by its unit too where that is another word."""
    if type(value) is not dict or type(value.get("value")) not in NUMBERS:
        return NOTHING
    found = bounds(value["value"])
    code, unit = cut(value.get("code")), cut(value.get("unit"))
    low, high = open_ended(value["value"], found, value.get("comparator"))
    coded = Columns(cut(value.get("system")), code or unit, None, None, low, high)
    named = code and unit and code != unit
    return (coded, coded._replace(system=None, code=unit)) if named else (coded,)


def open_ended(value: Decimal | int, found: Bounds, comparator: Any) -> tuple[str, str]:
    """The range of a quantity that says `less than 5` or the like."""
    if comparator in ("<", "<="):
        return MINUS_INFINITY, str(value if comparator == "<" else found.high)
    if comparator in (">", ">="):
        return str(value if comparator == ">" else found.low), INFINITY
    return str(found.low), str(found.high)


def money(value: Any) -> Sequence[Columns]:
    """Money by its number and currency."""
    if type(value) is not dict:
        return NOTHING
    currency = cut(value.get("currency"))
    unit = (CURRENCIES, currency) if currency else (None, None)
    return [each._replace(system=unit[0], code=unit[1]) for each in number(value.get("value"))]


def range_of(value: Any) -> Sequence[Columns]:
    """A Range from its low to its high, in the unit of either."""
    if type(value) is not dict:
        return NOTHING
    low, high = (next(iter(quantity(value.get(end))), None) for end in ("low", "high"))
    unit = low or high
    if unit is None:
        return NOTHING
    return (unit._replace(low=low.low if low else MINUS_INFINITY,
                          high=high.high if high else INFINITY),)  # fmt: skip


def ranged(found: Bounds) -> Sequence[Columns]:
    """A range of numbers as columns."""
    return (Columns(None, None, None, None, str(found.low), str(found.high)),)


CODES = ("code", "id", "string", "uri", "url", "oid", "uuid")
QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")
ADDRESS = ("line", "city", "district", "state", "country", "postalCode", "text")
NAMES = ("family", "given", "prefix", "suffix", "text")
READINGS: Mapping[tuple[str, str], Reading] = MappingProxyType(
    {
        ("token", "Coding"): coding,
        ("token", "CodeableConcept"): concept,
        ("token", "ContactPoint"): contact,
        ("token", "boolean"): truth,
        ("token", "canonical"): canonical,
        **{("token", each): word for each in CODES},
        ("reference", "Reference"): reference,
        ("reference", "Resource"): resource,
        ("reference", "canonical"): canonical,
        ("reference", "uri"): word,
        ("uri", "canonical"): canonical,
        **{("uri", each): word for each in ("uri", "url", "oid", "uuid")},
        **{("string", each): string for each in ("string", "markdown", "code")},
        ("string", "Address"): parts(*ADDRESS),
        ("string", "HumanName"): parts(*NAMES),
        **{("date", each): date for each in ("date", "dateTime", "instant")},
        ("date", "Period"): period,
        ("date", "Timing"): timing,
        **{("number", each): number for each in ("integer", "decimal", "positiveInt")},
        ("number", "unsignedInt"): number,
        ("number", "Range"): range_of,
        **{("quantity", each): quantity for each in QUANTITIES},
        ("quantity", "Money"): money,
        ("quantity", "Range"): range_of,
    }
)
