"""SMART scopes: how they are read, what is granted, what they open.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit
from fhir_api.access.negotiation import granted
from fhir_api.access.scopes import grants_of, is_known, read_scope
from fhir_api.errors import Forbidden

LETTERS = st.sets(st.sampled_from("cruds"), min_size=1).map(
    lambda chosen: "".join(each for each in "cruds" if each in chosen)
)
TYPES = st.sampled_from(["*", "Patient", "Observation", "Encounter"])
LEVELS = st.sampled_from(["patient", "user", "system"])
QUERIES = st.sampled_from(["", "?category=laboratory", "?category=vital-signs&status=final"])
V2 = st.builds("{}/{}.{}{}".format, LEVELS, TYPES, LETTERS, QUERIES)
V1 = st.builds("{}/{}.{}".format, LEVELS, TYPES, st.sampled_from(["read", "write", "*"]))
SCOPES = st.lists(st.one_of(V1, V2), max_size=5).map(" ".join)


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("patient/Observation.read", "rs"),
        ("patient/Observation.write", "cud"),
        ("patient/Observation.*", "cruds"),
        ("patient/Observation.rs", "rs"),
        ("patient/*.cruds", "cruds"),
        ("user/Patient.c", "c"),
    ],
)
def test_v1_and_v2_are_read(scope: str, letters: str) -> None:
    read = read_scope(scope)

    assert read is not None
    assert read.letters == set(letters)
    assert str(read) == scope


@pytest.mark.parametrize(
    "scope",
    ["patient/Observation", "patient/Observation.", "patient/Observation.sr",
     "patient/Observation.rr", "patient/Observation.x", "patient/observation.rs",
     "patient/Nothing.rs", "Patient/Patient.rs",
     "patient/.rs", "patient/*", "patient/**.rs", "patient/Patient.rs?",
     "patient/Patient.rs?category", "patient/Patient.rs?category=",
     "patient/Patient.rs?_include=*", "patient/Patient.rs?_count=1",
     "patient/Patient.read?category=x", "patient/Patient.rs?a b=c", "patient/Patient.rs#x",
     "patient/Patient.rs?code=%FF", "patient/Patient.rs?code=%00", "patient/Patient.rs\n", "",
     "admin/Patient.rs", "system/*.rs/x", "launch/practitioner", "OPENID"],
)  # fmt: skip
def test_everything_else_is_no_scope(scope: str) -> None:
    assert not is_known(scope)


def test_constraints_are_search_parameters() -> None:
    read = read_scope(
        "patient/Observation.rs?category=http://x|laboratory&status:not=final&_id=a,b"
    )

    assert read is not None
    assert read.query == (
        ("category", "http://x|laboratory"),
        ("status:not", "final"),
        ("_id", "a,b"),
    )
    assert read_scope(str(read)) == read


@given(SCOPES, SCOPES)
def test_nothing_is_granted_that_was_not_allowed(asked: str, allowed: str) -> None:
    answer = granted(asked, allowed)

    assert granted(answer, allowed) == answer
    assert opened(answer) <= opened(allowed)


@given(SCOPES, SCOPES)
def test_nothing_is_granted_that_was_not_asked(asked: str, allowed: str) -> None:
    assert opened(granted(asked, allowed)) <= opened(asked)


@given(SCOPES)
def test_all_is_granted_that_was_asked_and_allowed(asked: str) -> None:
    assert granted(asked, asked).split() == list(dict.fromkeys(asked.split()))
    everything = "patient/*.cruds user/*.cruds system/*.cruds"
    assert granted(asked, everything).split() == list(dict.fromkeys(asked.split()))


def opened(scopes: str) -> set[tuple[str, str, str, frozenset[str]]]:
    """Every (level, type, letter, constraints) that scopes open, with all that is narrower."""
    types = ("Patient", "Observation", "Encounter", "Other")
    constraints = [frozenset(), frozenset({"laboratory"}), frozenset({"vital-signs", "final"})]
    constraints += [constraints[1] | constraints[2]]
    cells = set()
    for scope in filter(None, map(read_scope, scopes.split())):
        values = {value for _, value in scope.query}
        for kind in types if scope.resource_type == ANY else (scope.resource_type,):
            cells |= {
                (scope.level, kind, letter, each)
                for letter in scope.letters
                for each in constraints
                if values <= each
            }
    return cells


def test_a_word_that_is_no_resource_is_granted_as_it_is() -> None:
    assert granted("openid launch nonsense", "openid fhirUser") == "openid"


def test_a_patient_scope_opens_the_compartment_of_the_patient_in_context() -> None:
    grants = grants_of("patient/Observation.rs?category=lab", patient="ann", user=None)

    limit = Limit("ann", (("category", "lab"),))
    assert grants == (Grant("Observation", frozenset({"read", "search"}), limit),)


def test_a_patient_scope_without_a_patient_opens_nothing() -> None:
    assert grants_of("patient/*.cruds", patient=None, user="Practitioner/7") == ()


@pytest.mark.parametrize(
    ("user", "limit"),
    [("Practitioner/7", Limit()), ("PractitionerRole/7", Limit()), ("Patient/ann", Limit("ann"))],
)
def test_a_user_scope_opens_what_the_user_may_see(user: str, limit: Limit) -> None:
    (grant,) = grants_of("user/*.rs", patient="bob", user=user)

    assert grant.limit == limit


@pytest.mark.parametrize("user", ["RelatedPerson/1", "Device/1", None])
def test_a_user_scope_opens_nothing_for_others(user: str | None) -> None:
    assert grants_of("user/*.rs", patient="ann", user=user) == ()


def test_a_system_scope_opens_the_whole_site() -> None:
    assert grants_of("system/*.cruds", patient=None, user=None) == (Grant(ANY, EVERYTHING),)


def test_words_that_open_nothing_open_nothing() -> None:
    assert grants_of("openid launch offline_access", patient="ann", user="Practitioner/7") == ()


def test_a_caller_without_a_grant_may_do_nothing() -> None:
    caller = Caller("app", ())

    for interaction in EVERYTHING:
        with pytest.raises(Forbidden):
            caller.limits(interaction, "Patient")
