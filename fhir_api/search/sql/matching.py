"""What a search finds, put together: its type, its limits, its compartment, its conditions.

A search across types is kept to those that its caller may search, each inside its own limits.
"""

from collections.abc import Mapping
from functools import partial

from fhir_api.access.caller import Limit
from fhir_api.errors import Forbidden, InvalidRequest, place_of
from fhir_api.search.query.controls import INCLUDE, REVERSE, Inclusion, inclusion_of
from fhir_api.search.query.reading import Parameter, Reading
from fhir_api.search.r4.definitions import compartment
from fhir_api.search.r4.offer import ANY_TYPE
from fhir_api.search.sql.comparing import any_of
from fhir_api.search.sql.conditions import condition, of_type
from fhir_api.search.sql.frame import Frame, Place
from fhir_api.search.sql.limited import within_limits
from fhir_api.search.sql.question import Question
from fhir_api.search.sql.sorting import SortKey, sort_keys
from fhir_api.search.sql.statement import Matches

Limits = Mapping[str, tuple[Limit, ...]]
ITSELF = "{def}"
COMPARTMENTS = ("Patient", "Encounter", "Practitioner", "RelatedPerson", "Device")


def matches_of(frame: Frame, reading: Reading, question: Question) -> Matches:
    """What a search finds, as SQL."""
    place = Place(question.resource_type, "h0")
    conditions = searched(frame, place, limits_of(frame, reading, question))
    if question.within is not None:
        conditions.append(in_compartment(frame, place, *question.within))
    if question.narrow is not None:
        conditions += question.narrow.conditions(frame, place)
    reading.controls.includes += question.linked
    for parameter, asked in reading.asked:
        found = reading.served(parameter, partial(condition, frame, place, asked))
        conditions += [found] if found is not None else []
    for parameter in list(reading.applied):
        check_inclusion(frame, reading, parameter)
    return Matches(place, conditions, order_of(frame, place, reading))


def limits_of(frame: Frame, reading: Reading, question: Question) -> Limits:
    """The types searched, each with the limits on it; raises Forbidden."""
    kind = question.resource_type
    if kind != ANY_TYPE:
        if reading.controls.types:
            raise InvalidRequest(
                "_type is for a search across types; the path names one.", "http._type"
            )
        limits = question.limits
        return {kind: frame.limits(kind) if limits is None else limits}
    named = reading.controls.types
    if named:
        return {each: frame.limits(each) for each in named}
    found = {each: frame.limits(each) for each in frame.offer.served if frame.may_search(each)}
    if not found:
        raise Forbidden("search", "any type")
    return found


def searched(frame: Frame, place: Place, limits: Limits) -> list[str]:
    """SQL: the resource is of a type that is searched, and inside the limits on it."""
    if place.resource_type != ANY_TYPE:
        allowed = within_limits(frame, place, limits[place.resource_type], condition)
        return [of_type(frame, place), *allowed]
    whole = [kind for kind, each in limits.items() if not each]
    found = [f"{place.head}.resource_type = ANY({frame.bound.texts(whole)})"] if whole else []
    for kind, each in limits.items():
        if each:
            allowed = within_limits(frame, Place(kind, place.head), each, condition)
            named = f"{place.head}.resource_type = {frame.bound.value(kind)}"
            found.append(f"({' AND '.join([named, *allowed])})")
    site = f"{place.head}.site = {frame.bound.value(frame.keys.site)} AND NOT {place.head}.deleted"
    return [site, any_of(found)]


def in_compartment(frame: Frame, place: Place, kind: str, real_id: str) -> str:
    """SQL: the resource is in the compartment of another.

    https://hl7.org/fhir/R4/compartmentdefinition.html
    """
    names = compartment(kind).get(place.resource_type, ())
    if not names:
        message = f"{place.resource_type} is not in the compartment of a {kind}."
        raise InvalidRequest(message)
    stored = frame.names.name(kind, real_id)
    itself = f"{place.head}.resource_id = {frame.bound.value(stored.partition('/')[2])}"
    found = [itself] if ITSELF in names or place.resource_type == kind else []
    lanes = frame.lanes(place.resource_type, [each for each in names if each != ITSELF])
    found.append(
        f"EXISTS (SELECT FROM search_value s WHERE s.resource = {place.head}.number "
        f"AND s.lane = ANY({lanes}) AND s.code = {frame.bound.value(stored)})"
    )
    return any_of(found)


def check_inclusion(frame: Frame, reading: Reading, parameter: Parameter) -> None:
    """Leave out an inclusion of what is not served, or raise UnknownParameter."""
    name, _, modifier = parameter[0].partition(":")
    if name not in {INCLUDE, REVERSE}:
        return
    inclusion = inclusion_of(name, modifier, parameter[1])
    if reading.served(parameter, partial(demand_reference, frame, name, inclusion)) is None:
        kept = reading.controls.includes if name == INCLUDE else reading.controls.reverse
        kept.remove(inclusion)


def demand_reference(frame: Frame, name: str, inclusion: Inclusion) -> bool:
    """Raise UnknownParameter or InvalidRequest unless an inclusion names a reference."""
    source, parameter = inclusion.source, inclusion.parameter
    if not {source, inclusion.target} <= {"", *frame.offer.served}:
        raise InvalidRequest(f"{name} names a type that is not served here.", place_of(name))
    if parameter != "*":
        frame.offer.reference(source, parameter, f"{name}:{source}:{parameter}")
    return True


def order_of(frame: Frame, place: Place, reading: Reading) -> list[SortKey]:
    """The order of the matches; keys that are not served are left out for the lenient."""
    given = [each for each in reading.applied if each[0] == "_sort"]
    make = partial(sort_keys, frame, place, reading.controls)
    keys = reading.served(given[-1], make) if given else []
    if keys is None:
        reading.controls.sort = []
    return keys or []
