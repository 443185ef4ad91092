"""Single resources: what a code, a flag, an order or a disposition looks like."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import orjson
import pytest

from homeward.simulation.bundles import (
    References,
    hospital_bundle,
    later_bundle,
    new_bundle,
    searchset,
)
from homeward.simulation.clock import at
from homeward.simulation.health import health
from homeward.simulation.hospital import OWN, hospital
from homeward.simulation.labs import Result
from homeward.simulation.lives import Order
from homeward.simulation.people import person
from homeward.simulation.reasons import reasons
from homeward.simulation.resources.encounters import disposition_concept, stay_frame, stay_versions
from homeward.simulation.resources.hospital import hospital_resources
from homeward.simulation.resources.measures import measure_resources
from homeward.simulation.resources.observations import lab_observation
from homeward.simulation.resources.treatments import discharge_drugs, procedures
from homeward.simulation.stays import Arrival, Patient, Stay, stay

HOUSE = hospital(1)
MOMENT = at(date(2026, 1, 5), 9, 0)


@pytest.fixture
def a_stay() -> Stay:
    """A stay with a procedure and drugs."""
    rng = Random(3)
    patient = Patient(person(rng, 1, date(2026, 6, 30)), health(rng, 80, "male"), HOUSE)
    arrival = Arrival(MOMENT, reasons()["knee_replacement"], OWN, "outp")
    return replace(stay(rng, patient, arrival), disposition="home", drugs=("aspirin", "oxycodone"))


@pytest.mark.parametrize(("value", "flag"), [(5.8, "LL"), (9.0, "L"), (13.0, "N"), (17.0, "H")])
def test_a_result_carries_its_flag_unit_and_range(value: float, flag: str) -> None:
    known = lab_observation(Random(1), "p", "e", Result("haemoglobin", MOMENT, value))
    resource = known.resource

    assert resource["interpretation"][0]["coding"][0]["code"] == flag
    assert resource["valueQuantity"] == {
        "value": value, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL",
    }  # fmt: skip
    assert resource["referenceRange"][0]["low"]["value"] == 12.0
    assert known.known_at > MOMENT


@pytest.mark.parametrize(
    ("disposition", "codes"),
    [
        ("home", ["home", "01"]),
        ("against_advice", ["aadvice", "07"]),
        ("died", ["exp", "20"]),
        ("transferred", ["02"]),
        ("nursing", ["snf", "03"]),
    ],
)
def test_a_disposition_has_the_codes_of_hl7_and_nubc(
    a_stay: Stay, disposition: str, codes: list[str]
) -> None:
    concept = disposition_concept(replace(a_stay, disposition=disposition))

    assert [coding["code"] for coding in concept["coding"]] == codes


def test_a_stay_is_in_progress_until_it_is_finished(a_stay: Stay) -> None:
    frame = stay_frame("p", a_stay, HOUSE, "Surgical ward")
    going_on, finished = stay_versions(a_stay, ["c1", "c2"], frame)

    assert (going_on.known_at, finished.known_at) == (a_stay.began, a_stay.ended)
    assert going_on.resource["status"] == "in-progress"
    assert "end" not in going_on.resource["period"]
    assert "dischargeDisposition" not in going_on.resource["hospitalization"]
    assert [d["rank"] for d in finished.resource["diagnosis"]] == [1, 2, 3]
    assert finished.resource["priority"]["coding"][0]["code"] == "EL"


def test_the_dead_are_sent_home_with_nothing(a_stay: Stay) -> None:
    assert len(list(discharge_drugs(Random(1), "p", a_stay))) == 2
    assert not list(discharge_drugs(Random(1), "p", replace(a_stay, disposition="died")))


def test_an_arranged_procedure_is_done_within_hours(a_stay: Stay) -> None:
    (known,) = procedures(Random(1), "p", a_stay)

    assert known.resource["code"]["coding"][0]["code"] == "0SRC0J9"
    assert known.known_at - a_stay.began < timedelta(hours=4)


def test_a_measure_done_is_ordered_completed_and_recorded(a_stay: Stay) -> None:
    order = Order("follow_up_call", a_stay, a_stay.ended + timedelta(days=2))
    known = list(measure_resources(Random(1), "p", order))

    assert [(k.resource["resourceType"], k.resource["status"]) for k in known] == [
        ("ServiceRequest", "active"), ("ServiceRequest", "completed"),
        ("Procedure", "completed"), ("Task", "completed"),
    ]  # fmt: skip
    assert all(k.known_at > a_stay.ended for k in known)


def test_a_measure_prevented_stays_an_order(a_stay: Stay) -> None:
    (known,) = measure_resources(Random(1), "p", Order("home_visit", a_stay, None))

    assert (known.resource["resourceType"], known.resource["status"]) == (
        "ServiceRequest", "active",
    )  # fmt: skip


def test_the_hospital_may_be_sent_twice() -> None:
    bundle = orjson.loads(hospital_bundle(hospital_resources(HOUSE)))
    for entry in bundle["entry"]:
        request, resource = entry["request"], entry["resource"]
        if request["method"] == "PUT":
            assert request["url"] == f"{resource['resourceType']}/{resource['id']}"
        else:
            assert request["ifNoneExist"].endswith(f"|{resource['identifier'][0]['value']}")


def renamed(value: str, *, new: bool) -> Any:
    made = new_bundle if new else later_bundle
    resource = {"resourceType": "Basic", "id": "x", "subject": {"reference": value}}
    bundle = orjson.loads(made([resource], References(HOUSE)))
    return bundle["entry"][0]["resource"]["subject"]["reference"]


def test_references_are_renamed_as_the_bundle_needs() -> None:
    own, doctor, ward = "b" * 36, HOUSE.clinicians[0], HOUSE.wards[0]
    npi = f"Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|{doctor.npi}"

    assert renamed(f"Patient/{own}", new=True) == f"urn:uuid:{own}"
    assert renamed(f"Patient/{own}", new=False) == f"Patient/{own}"
    assert {renamed(f"Practitioner/{doctor.id}", new=n) for n in (True, False)} == {npi}
    assert {renamed(f"Location/{ward.id}", new=n) for n in (True, False)} == {f"Location/{ward.id}"}


def test_an_empty_search_has_a_total_and_no_entries() -> None:
    assert searchset([]) == {"resourceType": "Bundle", "type": "searchset", "total": 0}
