"""Searches compared with a filter in plain Python over the same resources."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tests.support.instance import served
from tests.support.searching import LOINC, found, kept, weight

SNOMED = "http://snomed.info/sct"
CODES = [(LOINC, "8310-5"), (LOINC, "8867-4"), (SNOMED, "271649006"), (SNOMED, "8310-5")]
DAYS = st.dates(date(2020, 2, 26), date(2020, 3, 4))
PREFIXES = ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]
codings = st.lists(st.sampled_from(CODES), max_size=2, unique=True)
whens = DAYS.map(date.isoformat) | st.tuples(DAYS, DAYS).map(sorted).map(tuple)
observations = st.lists(st.tuples(codings, whens), min_size=1, max_size=6)
tokens = st.sampled_from(
    ["8310-5", f"{LOINC}|8310-5", f"{SNOMED}|", "|8310-5", "0", "8867-4,271649006"]
)
Drawn = tuple[list[tuple[str, str]], str | tuple[date, date]]


def made(number: int, drawn: Drawn) -> dict[str, Any]:
    codes, when = drawn
    listed = [{"system": system, "code": code} for system, code in codes]
    category = {"category": [{"coding": listed}]} if listed else {}
    if isinstance(when, str):
        return weight(f"o-{number}", effectiveDateTime=when, **category)
    period = {"start": when[0].isoformat(), "end": when[1].isoformat()}
    return weight(f"o-{number}", effectivePeriod=period, **category)


def has_token(drawn: Drawn, asked: str) -> bool:
    """R4's rule for tokens, once more."""
    return any(
        code == one.rpartition("|")[2] or (one.endswith("|") and one[:-1] == system)
        for one in asked.split(",")
        for system, code in drawn[0]
        if "|" not in one or one.rpartition("|")[0] == system
    )


def interval_of(when: str | tuple[date, date]) -> tuple[datetime, datetime]:
    """First moment, and first moment after."""
    first, last = (date.fromisoformat(when),) * 2 if isinstance(when, str) else when
    return midnight(first), midnight(last) + timedelta(days=1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def has_date(drawn: Drawn, prefix: str, day: date) -> bool:
    """R4's rule for dates, once more."""
    starts, ends = interval_of(drawn[1])
    low, high = interval_of(day.isoformat())
    inside = low <= starts and ends <= high
    rules = {
        "eq": inside, "": inside, "ne": not inside, "gt": ends > high, "lt": starts < low,
        "ge": ends > high or inside, "le": starts < low or inside,
        "sa": starts >= high, "eb": ends <= low,
    }  # fmt: skip
    return rules[prefix]


@given(
    drawn=observations,
    token=st.tuples(st.sampled_from(["category", "category:not"]), tokens),
    when=st.tuples(st.sampled_from(PREFIXES), DAYS),
    patient=st.sampled_from(["ann", "ben"]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_search_finds_what_a_filter_in_python_keeps(
    engine: Engine,
    drawn: list[Drawn],
    token: tuple[str, str],
    when: tuple[str, date],
    patient: str,
) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE resource_head, resource_version, search_value"))
    with served(engine) as http:
        for number, each in enumerate(drawn):
            subject = {"reference": f"Patient/{patient}"}
            kept(http, made(number, each) | {"subject": subject})
        query = f"{token[0]}={token[1]}&patient={patient}&date={when[0]}{when[1]}"
        matches = found(http, f"Observation?{query}")

    assert matches == {
        f"o-{number}"
        for number, each in enumerate(drawn)
        if has_token(each, token[1]) != (token[0] == "category:not") and has_date(each, *when)
    }
