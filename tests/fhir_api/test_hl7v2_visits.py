"""A stay from admission to discharge, and what is taken back, comes late or is merged."""

import pytest
from sqlalchemy import Engine

from fhir_api.hl7v2.receiver import Receiver
from tests.support.hl7v2 import PID, Json, adt, count, pv1, receiver, shown, told

MONDAY, TUESDAY, FRIDAY = "20240506080000+0000", "20240507090000+0000", "20240510100000+0000"
OTHER = "PID|1||4711^^^HOSP^MR||Quillfeather^Zeb||19610504|M"


@pytest.fixture
def taker(engine: Engine) -> Receiver:
    return receiver(engine)


def stay(event: str, at: str, **fields: str) -> bytes:
    """A message about the one stay; its control id is its event and time."""
    return adt(event, PID, pv1(f44=MONDAY, **fields), at=at, number=f"{event}-{at}")


def encounter(engine: Engine) -> Json:
    (found,) = shown(engine, "Encounter")
    return found


def take(taker: Receiver, *messages: bytes) -> None:
    assert [told(taker, each) for each in messages] == ["AA"] * len(messages)


def test_an_admission_is_in_progress_and_has_no_end(engine: Engine, taker: Receiver) -> None:
    take(taker, stay("A01", MONDAY, f3="WARD^1^A", f45=FRIDAY))

    assert encounter(engine)["status"] == "in-progress"
    assert encounter(engine)["period"] == {"start": "2024-05-06T08:00:00+00:00"}
    assert [each["status"] for each in encounter(engine)["location"]] == ["active"]


def test_a_transfer_ends_the_stay_in_one_place_and_begins_another(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, stay("A01", MONDAY, f3="WARD^1^A"), stay("A02", TUESDAY, f3="ICU^2^B"))
    first, second = encounter(engine)["location"]

    assert (first["status"], second["status"]) == ("completed", "active")
    assert first["period"]["end"] == second["period"]["start"] == "2024-05-07T09:00:00+00:00"


def test_a_discharge_finishes_the_visit_and_says_where_to(engine: Engine, taker: Receiver) -> None:
    take(taker, stay("A01", MONDAY, f3="W^1"), stay("A03", FRIDAY, f3="W^1", f36="03", f45=FRIDAY))
    found = encounter(engine)

    assert found["status"] == "finished"
    assert found["period"]["end"] == "2024-05-10T10:00:00+00:00"
    assert found["hospitalization"]["dischargeDisposition"]["coding"][0]["code"] == "03"
    assert found["location"][0]["status"] == "completed"


def test_a_discharge_without_a_time_ends_when_it_happened(engine: Engine, taker: Receiver) -> None:
    take(taker, stay("A01", MONDAY), stay("A03", FRIDAY))

    assert encounter(engine)["period"]["end"] == "2024-05-10T10:00:00+00:00"


def test_a_discharge_that_is_cancelled_never_was(engine: Engine, taker: Receiver) -> None:
    take(taker, stay("A01", MONDAY, f3="W^1"), stay("A03", FRIDAY, f36="03", f45=FRIDAY))
    take(taker, stay("A13", "20240510110000+0000", f45=FRIDAY))
    found = encounter(engine)

    assert found["status"] == "in-progress"
    assert "end" not in found["period"]
    assert "dischargeDisposition" not in found.get("hospitalization", {})
    assert found["location"][0]["status"] == "active"


@pytest.mark.parametrize(
    ("event", "status"),
    [("A04", "in-progress"), ("A05", "planned"), ("A11", "cancelled"), ("A06", "in-progress")],
)
def test_each_event_leaves_its_status(
    engine: Engine, taker: Receiver, event: str, status: str
) -> None:
    take(taker, stay(event, MONDAY))

    assert encounter(engine)["status"] == status


def test_an_update_keeps_the_status_and_what_it_does_not_tell(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, stay("A01", MONDAY, f3="W^1", f7="9^House"), stay("A03", TUESDAY, f45=TUESDAY))
    take(taker, adt("A08", PID, pv1(f44="", f10="MED"), at=FRIDAY, number="u"))
    found = encounter(engine)

    assert found["status"] == "finished"
    assert found["serviceType"]["coding"][0]["code"] == "MED"
    assert found["participant"][0]["type"][0]["coding"][0]["code"] == "ATND"
    assert found["period"]["start"] == "2024-05-06T08:00:00+00:00"


def test_two_double_quotes_delete_what_was_known(engine: Engine, taker: Receiver) -> None:
    married = PID + "||||||||M"
    take(taker, adt("A01", married, pv1(f7="9^House"), at=MONDAY))
    unmarried = adt("A08", PID + '||||||||""', pv1(f7='""'), at=TUESDAY, number="2")
    take(taker, unmarried)

    assert "participant" not in encounter(engine)
    assert "maritalStatus" not in shown(engine, "Patient")[0]


def test_a_message_that_comes_late_does_not_overwrite_the_newer_state(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, stay("A03", FRIDAY, f45=FRIDAY), stay("A01", MONDAY), stay("A08", TUESDAY))

    assert encounter(engine)["status"] == "finished"
    assert taker.journal.counts() | {"applied": 1, "late": 2} == taker.journal.counts()


def test_what_only_a_late_message_tells_is_stored_and_nothing_newer_lost(
    engine: Engine, taker: Receiver
) -> None:
    known = "AL1|1|DA|7980^Penicillin^RXNORM|SV"
    milder, other = known.replace("SV", "MI"), "AL1|2|FA|7258^Nut^RXNORM|MI"
    take(taker, adt("A08", PID, pv1(), known, at=TUESDAY))
    take(taker, adt("A08", PID, pv1(), milder, other, at=MONDAY, number="2"))

    found = {a["code"]["coding"][0]["code"]: a["criticality"]
             for a in shown(engine, "AllergyIntolerance")}  # fmt: skip
    assert found == {"7980": "high", "7258": "low"}


def test_an_event_time_from_the_future_does_not_shut_out_what_follows(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, stay("A01", "20990101000000+0000"))
    later = adt("A03", PID, pv1(f45=FRIDAY), at="20240601120000+0000", number="2")
    take(taker, later)

    assert encounter(engine)["status"] == "finished"


def test_person_events_touch_no_visit(engine: Engine, taker: Receiver) -> None:
    take(taker, adt("A28", PID, pv1(f2="N", f19="")), adt("A31", PID, number="2"))

    assert count(engine, "resource_head WHERE resource_type = 'Encounter'") == 0
    assert len(shown(engine, "Patient")) == 1


def test_a_merge_links_the_two_patients_and_retires_the_old(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, adt("A01", OTHER, pv1("V-1"), at=MONDAY), adt("A01", PID, pv1("V-2"), number="2"))
    take(taker, adt("A40", PID, "MRG|4711^^^HOSP^MR", at=TUESDAY, number="3"))
    patients = {each["identifier"][0]["value"]: each for each in shown(engine, "Patient")}
    new, old = patients["8830417"], patients["4711"]

    assert (new["active"], old["active"]) == (True, False)
    assert (new["link"][0]["type"], old["link"][0]["type"]) == ("replaces", "replaced-by")
    assert new["link"][0]["other"]["reference"] == f"Patient/{old['id']}"
    assert old["gender"] == "male"


def test_a_merged_patient_stays_merged_when_older_systems_write_to_it(
    engine: Engine, taker: Receiver
) -> None:
    take(taker, adt("A40", PID, "MRG|4711^^^HOSP^MR", at=MONDAY))
    take(taker, adt("A08", OTHER, pv1("V-1"), at=TUESDAY, number="2"))
    old = next(p for p in shown(engine, "Patient") if p["identifier"][0]["value"] == "4711")

    assert old["link"][0]["type"] == "replaced-by"
    assert old["active"] is False


def test_a_merge_of_several_pairs_is_carried_out_whole(engine: Engine, taker: Receiver) -> None:
    message = adt("A40", PID, "MRG|1^^^HOSP^MR", OTHER, "MRG|2^^^HOSP^MR")
    take(taker, message)

    assert sorted(each["link"][0]["type"] for each in shown(engine, "Patient")) == [
        "replaced-by", "replaced-by", "replaces", "replaces",
    ]  # fmt: skip


def test_a_site_without_a_vault_keeps_times_and_no_states(engine: Engine) -> None:
    taker = receiver(engine, keeps_states=False)
    take(taker, stay("A03", FRIDAY, f45=FRIDAY), stay("A01", MONDAY))

    assert encounter(engine)["status"] == "finished"
