"""Hypothesis strategies: lives of invented patients, as events and as resources."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from etl.events.event import Event

ANN = "p-ann"
START = datetime(2020, 1, 1, tzinfo=UTC)
HOURS = st.integers(0, 24 * 400)
CODES = st.sampled_from(
    [
        "DIAGNOSIS//http://hl7.org/fhir/sid/icd-10-cm//I50.9",
        "DIAGNOSIS//http://hl7.org/fhir/sid/icd-9-cm//250.00",
        "PROCEDURE//http://www.cms.gov/Medicare/Coding/ICD10//0SR9019",
        "LAB//http://loinc.org//718-7",
        "LAB//http://loinc.org//2823-3",
        "ABNORMAL//http://loinc.org//718-7//L",
        "MEDICATION_REQUEST//http://www.nlm.nih.gov/research/umls/rxnorm//855332",
        "OBSERVATION//http://homeward.dev/fhir/encounter-facts//num-procedures",
        "NOTE//http://loinc.org//18842-5",
        "DEMOGRAPHIC//marital//M",
    ]
)
STAYS = ["stay-1", "stay-2", "stay-3"]
NUMBERS = st.none() | st.floats(-1e6, 1e6, allow_nan=False)
TEXTS = st.none() | st.sampled_from(["discharge", "inpatient", "a" * 32])


def moments() -> st.SearchStrategy[datetime | None]:
    return st.none() | HOURS.map(lambda hours: START + timedelta(hours=hours))


@st.composite
def facts(draw: st.DrawFn) -> Event:
    """Any event about Ann that is not about the stays themselves."""
    time, later = draw(moments()), draw(moments())
    available = max(time, later) if time and later else later or time
    return Event(
        ANN, time, available, draw(CODES), draw(NUMBERS), draw(TEXTS), None, "Observation",
        draw(st.sampled_from(["a", "b", "c", "d"])), draw(st.none() | st.sampled_from(STAYS)),
    )  # fmt: skip


@st.composite
def encounters(draw: st.DrawFn, name: str) -> list[Event]:
    """Admission to and, mostly, discharge from one stay."""
    start = START + timedelta(hours=draw(HOURS))
    end = start + timedelta(hours=draw(st.integers(0, 24 * 20)))
    kind = draw(st.sampled_from(["IMP", "IMP", "EMER", "AMB"]))
    hospital = draw(st.sampled_from(["north", "south", None]))
    told = [(start, f"ADMISSION//{kind}", hospital)]
    told += [(end, "DISCHARGE//home", None)] if draw(st.booleans()) else []
    return [
        Event(ANN, time, time, code, -300.0, text, "min", "Encounter", name, name)
        for time, code, text in told
    ]


@st.composite
def lives(draw: st.DrawFn) -> list[Event]:
    """Events of one patient: birth, up to three stays and what happened in and around them."""
    born = START - timedelta(days=365 * 70)
    events = [Event(ANN, born, born, "MEDS_BIRTH", None, None, None, "Patient", ANN, None)]
    for name in STAYS[: draw(st.integers(0, 3))]:
        events += draw(encounters(name))
    return events + draw(st.lists(facts(), max_size=25))
