"""The label as a table of short stories: each row is a stay, the last column the verdict."""

from datetime import UTC, datetime

from etl.rules import SiteRules
from tests.support.vignettes import agrees, patient


def test_back_within_thirty_days_is_an_unplanned_readmission() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-05T15:00  home  I50.9      unplanned_day_15
        back   north     2020-01-20T02:00  2020-01-24T12:00  home  J18.9      none
    """)


def test_day_thirty_counts_and_day_thirty_one_does_not() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-05T09:00  home  I50.9      unplanned_day_30
        second north     2020-02-04T23:00  2020-02-06T09:00  home  I50.9      none
        third  north     2020-03-08T00:30  2020-03-09T09:00  home  I50.9      none
    """)


def test_days_are_counted_on_the_hospitals_calendar() -> None:
    assert agrees("""
        stay   admitted                   discharged                 to    verdict
        first  2020-01-01T09:00:00-05:00  2020-01-05T23:30:00-05:00  home  unplanned_day_30
        back   2020-02-04T23:30:00-05:00  2020-02-06T09:00:00-05:00  home  none
    """)


def test_same_day_return_for_the_same_illness_is_one_stay() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-05T10:00  home  I50.9      joined_same_day
        again  north     2020-01-05T18:00  2020-01-09T10:00  home  I50.9      none
    """)


def test_same_day_return_for_another_illness_is_a_readmission() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-05T10:00  home  I50.9      unplanned_day_0
        fall   north     2020-01-05T18:00  2020-01-09T10:00  home  S72.001A   none
    """)


def test_transfer_makes_one_stay_that_ends_in_the_second_hospital() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-03T10:00  02    I21.4      joined_transfer
        second south     2020-01-04T01:00  2020-01-08T10:00  home  I21.4      unplanned_day_7
        back   north     2020-01-15T01:00  2020-01-18T10:00  home  I50.9      none
    """)


def test_transfer_is_seen_whatever_the_disposition_says() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-03T10:00  home  I21.4      joined_transfer
        second south     2020-01-03T14:00  2020-01-08T10:00  snf   I50.9      none
    """)


def test_another_hospital_two_days_later_is_a_readmission() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        first  north     2020-01-01T09:00  2020-01-03T10:00  home  I21.4      unplanned_day_2
        second south     2020-01-05T01:00  2020-01-08T10:00  home  I21.4      none
    """)


def test_overlapping_stays_are_one() -> None:
    assert agrees("""
        stay   hospital  admitted          discharged        to    diagnosis  verdict
        long   north     2020-01-01T09:00  2020-01-09T10:00  home  I21.4      none
        inside north     2020-01-03T01:00  2020-01-05T10:00  home  S72.001A   joined_overlap
    """)


def test_stay_whose_end_was_never_sent_does_not_swallow_later_ones() -> None:
    assert agrees("""
        stay      hospital  admitted          discharged        to    diagnosis  verdict
        forgotten north     2018-01-01T09:00  -                 -     I21.4      not_discharged
        later     north     2020-01-03T01:00  2020-01-05T10:00  home  I50.9      none
    """)


def test_dead_patients_are_no_index() -> None:
    assert agrees("""
        stay   admitted          discharged        to    diagnosis  verdict
        first  2020-01-01T09:00  2020-01-03T10:00  home  I21.4      unplanned_day_9
        last   2020-01-12T09:00  2020-01-15T10:00  exp   I50.9      died_in_hospital
    """)


def test_death_on_the_day_of_discharge_is_a_death_in_hospital() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    diagnosis  verdict
        first  2020-01-01T09:00  2020-01-03T10:00  home  I21.4      died_in_hospital
        """,
        patient("1950", deceasedDateTime="2020-01-03T20:00:00Z"),
    )


def test_death_after_discharge_is_a_competing_event() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    diagnosis  verdict
        first  2020-01-01T09:00  2020-01-03T10:00  home  I21.4      death_day_12
        """,
        patient("1950", deceasedDateTime="2020-01-15T20:00:00Z"),
    )


def test_those_whom_cms_does_not_follow_are_excluded_by_name() -> None:
    assert agrees("""
        stay     admitted          discharged        to       diagnosis  verdict
        refused  2020-01-01T09:00  2020-01-03T10:00  aadvice  I21.4      left_against_advice
        nubc07   2020-02-01T09:00  2020-02-03T10:00  07       I21.4      left_against_advice
        sent     2020-03-01T09:00  2020-03-03T10:00  02       I21.4      transferred_out
        hospice  2020-04-01T09:00  2020-04-03T10:00  hosp     I21.4      hospice
        nubc50   2020-05-10T09:00  2020-05-13T10:00  50       I21.4      hospice
        cancer   2020-06-01T09:00  2020-06-03T10:00  home     C34.90     diagnosis_cancer
        chemo    2020-07-01T09:00  2020-07-03T10:00  home     Z51.11     diagnosis_cancer
        mind     2020-08-01T09:00  2020-08-03T10:00  home     F20.9      diagnosis_psychiatric
        coma     2020-09-01T09:00  2021-09-03T10:00  home     I21.4      stay_of_a_year_or_more
    """)


def test_site_may_follow_those_whom_cms_does_not() -> None:
    rules = SiteRules(
        exclude_hospice=False,
        exclude_against_advice=False,
        exclude_transferred_out=False,
        exclude_diagnoses=False,
    )
    assert agrees(
        """
        stay     admitted          discharged        to       diagnosis  verdict
        refused  2020-01-01T09:00  2020-01-03T10:00  aadvice  I21.4      unplanned_day_29
        sent     2020-02-01T09:00  2020-02-03T10:00  02       I21.4      none
        hospice  2020-04-01T09:00  2020-04-03T10:00  hosp     I21.4      none
        cancer   2020-06-01T09:00  2020-06-03T10:00  home     C34.90     none
        """,
        rules=rules,
    )


def test_patients_below_the_sites_age_are_excluded() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    verdict
        first  2014-01-01T09:00  2014-01-03T10:00  home  below_minimum_age
        later  2016-01-01T09:00  2016-01-03T10:00  home  none
        """,
        rules=SiteRules(minimum_age=65),
    )


def test_planned_readmission_ends_the_follow_up() -> None:
    """A hip replacement (ICD-10-PCS 0SR9019, CCS 153) for arthrosis is planned."""
    assert agrees("""
        stay     admitted          discharged        to    diagnosis  procedure  verdict
        first    2020-01-01T09:00  2020-01-03T10:00  home  I50.9      -          planned_day_8
        hip      2020-01-11T09:00  2020-01-14T10:00  home  M16.11     0SR9019    unplanned_day_6
        worse    2020-01-20T09:00  2020-01-24T10:00  home  I50.9      -          none
    """)


def test_same_operation_for_an_acute_illness_is_unplanned() -> None:
    assert agrees("""
        stay     admitted          discharged        to    diagnosis  procedure  verdict
        first    2020-01-01T09:00  2020-01-03T10:00  home  I50.9      -          unplanned_day_8
        fracture 2020-01-11T09:00  2020-01-14T10:00  home  S72.001A   0SR9019    none
    """)


def test_chemotherapy_is_planned_by_its_diagnosis_alone() -> None:
    assert agrees("""
        stay     admitted          discharged        to    diagnosis  verdict
        first    2020-01-01T09:00  2020-01-03T10:00  home  I50.9      planned_day_8
        chemo    2020-01-11T09:00  2020-01-14T10:00  home  Z51.11     diagnosis_cancer
    """)


def test_discharges_not_followed_to_the_end_are_immature() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    verdict
        old    2020-01-01T09:00  2020-01-03T10:00  home  none
        edge   2020-05-01T09:00  2020-05-02T10:00  home  immature
        recent 2020-05-20T09:00  2020-05-25T10:00  home  immature
        open   2020-05-30T09:00  -                 -     not_discharged
        """,
        rules=SiteRules(observed_until=datetime(2020, 6, 1, 12, tzinfo=UTC)),
    )


def test_positive_seen_early_is_not_told_before_it_is_mature() -> None:
    assert agrees(
        """
        stay   admitted          discharged        to    verdict
        first  2020-05-01T09:00  2020-05-02T10:00  home  immature
        back   2020-05-04T09:00  2020-05-06T10:00  home  immature
        """,
        rules=SiteRules(observed_until=datetime(2020, 5, 20, tzinfo=UTC)),
    )


def test_encounters_that_are_no_acute_stay_are_named() -> None:
    assert agrees("""
        stay    class   part_of  admitted          discharged        to    verdict
        visit   AMB     -        2020-01-02T09:00  2020-01-02T10:00  -     not_acute_inpatient
        ed      EMER    first    2020-01-03T04:00  2020-01-03T09:00  -     part_of_another_stay
        first   IMP     -        2020-01-03T09:00  2020-01-05T10:00  home  none
        icu     ACUTE   first    2020-01-03T10:00  2020-01-04T10:00  -     part_of_another_stay
        observe OBSENC  -        2020-01-09T09:00  2020-01-10T10:00  home  not_acute_inpatient
    """)


def test_emergency_visit_alone_is_no_readmission_unless_the_site_says_so() -> None:
    assert agrees(
        """
        stay    class   admitted          discharged        to    verdict
        first   IMP     2020-01-03T09:00  2020-01-05T10:00  home  unplanned_day_4
        ed      EMER    2020-01-09T09:00  2020-01-09T15:00  home  none
        """,
        rules=SiteRules(inpatient_classes=frozenset({"IMP", "EMER"})),
    )
