"""How one search value is compared with the values asked for, kind by kind, as SQL.

https://hl7.org/fhir/R4/search.html#ptypes. Each function gives a condition on one row of
`search_value`; the caller says which lane it lies in. Codes match exactly, or in all lower or all
upper case.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from fhir_api.errors import InvalidRequest, place_of, shown_name
from fhir_api.search.query.values import Prefixed, parted, plain, prefixed
from fhir_api.search.r4.offer import is_keyed, is_moved, targets_of
from fhir_api.search.r4.words import LONGEST, comparable
from fhir_api.search.sql import amounts, dates
from fhir_api.search.sql.frame import Frame, Spot
from fhir_api.validation.elements import resource_types

Values = Sequence[str]
DATE_FORM = "a date such as 2020, 2020-03, 2020-03-31 or 2020-03-31T10:00:00Z"
NUMBER_FORM = "a number, after one of eq ne gt lt ge le sa eb ap or none"
QUANTITY_FORM = "number, number|system|code or number||code"


def any_of(conditions: Sequence[str]) -> str:
    """SQL: one of the conditions holds."""
    if not conditions:
        return "FALSE"
    return conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})"


def token(frame: Frame, spot: Spot, modifier: str, values: Values) -> str:
    """`code`, `system|code`, `|code` or `system|`."""
    if is_keyed(spot.resource_type, spot.parameter.name):
        return keyed(frame, spot, modifier, values)
    anywhere: list[str] = []
    systems: dict[str, list[str]] = defaultdict(list)
    whole: list[str] = []
    for system, code in map(coded, values):
        if not code and system:
            whole.append(system)
        elif system is None:
            anywhere += cases(code)
        else:
            systems[system] += cases(code)
    found = [in_system(frame, spot, *each) for each in systems.items()]
    if anywhere:
        found.append(f"{spot.alias}.code = ANY({frame.bound.texts(anywhere)})")
    if whole:
        named = frame.bound.texts([each[:LONGEST] for each in whole])
        found.append(f"({spot.alias}.code IS NOT NULL AND {spot.alias}.system = ANY({named}))")
    return any_of(found)


def in_system(frame: Frame, spot: Spot, system: str, codes: Values) -> str:
    """SQL: a code of a system, the empty one meaning none."""
    listed = f"{spot.alias}.code = ANY({frame.bound.texts(codes)})"
    if not system:
        return f"({listed} AND {spot.alias}.system IS NULL)"
    return f"({listed} AND {spot.alias}.system = {frame.bound.value(system[:LONGEST])})"


def cases(code: str) -> list[str]:
    """A code as given, in lower and in upper case."""
    return [each[:LONGEST] for each in (code, code.lower(), code.upper())]


def coded(value: str) -> tuple[str | None, str]:
    """System and code of a token; no system when there is no bar."""
    system, *rest = parted(value, "|")
    return (plain(system), plain("|".join(rest))) if rest else (None, plain(system))


def keyed(frame: Frame, spot: Spot, _modifier: str, values: Values) -> str:
    """An identifier, by its keyed token."""
    return f"{spot.alias}.code = ANY({frame.bound.texts(tokens_of(frame, spot.given, values))})"


def tokens_of(frame: Frame, given: str, values: Values) -> list[str]:
    """Keyed tokens of `system|value`, `|value` and `value`; raises InvalidRequest."""
    found: list[str] = []
    for system, value in map(coded, values):
        if not value:
            raise malformed(given, "system|value or a value: identifiers are stored sealed, whole")
        found += frame.names.identifiers(system, value)
    return found


def string(frame: Frame, spot: Spot, modifier: str, values: Values) -> str:
    """The beginning of a text; `:contains` any part, `:exact` the whole as written."""
    code, given = f"{spot.alias}.code", [plain(each) for each in values]
    if modifier == "exact":
        whole = frame.bound.texts([each[:LONGEST] for each in given])
        near = frame.bound.texts([comparable(each) for each in given])
        return f"({code} = ANY({near}) AND {spot.alias}.system = ANY({whole}))"
    function = "strpos({}, {}) > 0" if modifier == "contains" else "starts_with({}, {})"
    named = [frame.bound.text(comparable(each)) for each in given]
    return f"({code} IS NOT NULL AND {any_of([function.format(code, each) for each in named])})"


def uri(frame: Frame, spot: Spot, modifier: str, values: Values) -> str:
    """An address; `:below` those that begin with it, `:above` those with which it begins."""
    code, given = f"{spot.alias}.code", [plain(each) for each in values]
    if not modifier:
        return f"{code} = ANY({frame.bound.texts([each[:LONGEST] for each in given])})"
    pattern = "starts_with({0}, {1})" if modifier == "below" else "starts_with({1}, {0})"
    named = [frame.bound.text(each) for each in given]
    return f"({code} IS NOT NULL AND {any_of([pattern.format(code, each) for each in named])})"


def reference(frame: Frame, spot: Spot, modifier: str, values: Values) -> str:
    """`id`, `Type/id` or an address; after `:Patient` an id of that type."""
    if modifier == "identifier":
        return keyed(frame, spot, "", values)
    targets = (modifier,) if modifier else targets_of(spot.parameter)
    plainly: list[str] = []
    versioned: list[str] = []
    for value in values:
        address, *version = parted(value, "|")
        stored = frame.names.references(plain(address), targets or tuple(resource_types()))
        plainly += [] if version else stored
        versioned += [in_system(frame, spot, plain(version[0]), stored)] if version else []
    listed = f"{spot.alias}.code = ANY({frame.bound.texts(plainly)})"
    return any_of([*([listed] if plainly else []), *versioned])


def date(frame: Frame, spot: Spot, _modifier: str, values: Values) -> str:
    """A date; where dates are moved, one of the patients the search names, moved with theirs."""
    asked = [ordered(value, spot.given, DATE_FORM) for value in values]
    if not (is_moved(spot.resource_type) and frame.names.identified):
        return on_calendar(frame, spot, asked, 0)
    shifts = frame.shifts(spot.given)
    return any_of(
        [
            f"({spot.head}.patient_id = {frame.bound.value(patient)} "
            f"AND {on_calendar(frame, spot, asked, days)})"
            for patient, days in shifts.items()
        ]
    )


def on_calendar(frame: Frame, spot: Spot, values: Sequence[Prefixed], days: int) -> str:
    """SQL: a stored date, moved by `days`, is as asked."""
    only_years = frame.names.identified and frame.offer.only_years(
        spot.resource_type, spot.parameter
    )
    columns = f"{spot.alias}.starts", f"{spot.alias}.ends"
    found = []
    for prefix, text in values:
        asked = dates.asked_date(text, days, frame.now, only_years=only_years)
        if asked is None:
            raise malformed(spot.given, DATE_FORM)
        found.append(dates.compared(prefix, asked, frame.bound, *columns))
    return f"({spot.alias}.starts IS NOT NULL AND {any_of(found)})"


def number(frame: Frame, spot: Spot, _modifier: str, values: Values) -> str:
    """A number after a prefix."""
    found = [amount(frame, spot, value, NUMBER_FORM) for value in values]
    return f"({spot.alias}.low IS NOT NULL AND {any_of(found)})"


def quantity(frame: Frame, spot: Spot, _modifier: str, values: Values) -> str:
    """`number`, `number|system|code` or `number||code`, after a prefix."""
    found = []
    for value in values:
        least, *unit = map(plain, parted(value, "|"))
        if len(unit) not in {0, 2} or (unit and unit[0] and not unit[1]):
            raise malformed(spot.given, QUANTITY_FORM)
        compared = amount(frame, spot, least, QUANTITY_FORM)
        found.append(f"({compared}{in_unit(frame, spot, *unit)})" if unit else compared)
    return f"({spot.alias}.low IS NOT NULL AND {any_of(found)})"


def in_unit(frame: Frame, spot: Spot, system: str, code: str) -> str:
    """SQL: and the unit is the one asked for."""
    named = f" AND {spot.alias}.code = {frame.bound.value(code[:LONGEST])}" if code else ""
    if not system:
        return named
    return f"{named} AND {spot.alias}.system = {frame.bound.value(system[:LONGEST])}"


def amount(frame: Frame, spot: Spot, value: str, form: str) -> str:
    """SQL: a stored number is as asked."""
    prefix, text = ordered(value, spot.given, form)
    found = amounts.number_of(text)
    if found is None:
        raise malformed(spot.given, form)
    return amounts.compared(prefix, found, frame.bound, spot.alias)


def ordered(value: str, given: str, form: str) -> Prefixed:
    """Prefix and rest of a value; raises InvalidRequest when the prefix is none."""
    found = prefixed(plain(value))
    if found is None:
        raise malformed(given, form)
    return found


def malformed(given: str, form: str) -> InvalidRequest:
    """The error for a value that is not of its kind."""
    return InvalidRequest(f"{shown_name(given)} must be {form}.", place_of(given))


COMPARED: Mapping[str, Callable[[Frame, Spot, str, Values], str]] = MappingProxyType(
    {
        "token": token,
        "string": string,
        "uri": uri,
        "reference": reference,
        "date": date,
        "number": number,
        "quantity": quantity,
    }
)
