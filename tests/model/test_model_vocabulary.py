"""Vocabulary: rare codes are counted with their parents, unseen codes find a home."""

from hypothesis import given
from hypothesis import strategies as st

from model.runtime.vocabulary import RESERVED, UNKNOWN, Vocabulary, parents

ICD = "DIAGNOSIS//http://hl7.org/fhir/sid/icd-10-cm"
parts = st.text("ABCxyz019.", min_size=1, max_size=5)
codes = st.lists(parts, min_size=1, max_size=4).map("//".join)


def test_rare_codes_become_one_common_parent() -> None:
    vocabulary = Vocabulary.learn({f"{ICD}//E11.65": 2, f"{ICD}//E11.9": 9, f"{ICD}//E11.2": 2}, 3)

    assert vocabulary.codes == (*RESERVED, f"{ICD}//E11", f"{ICD}//E11.9")
    assert vocabulary.id_of(f"{ICD}//E11.65") == vocabulary.id_of(f"{ICD}//E11.2") == 2


def test_a_code_never_seen_takes_the_place_of_its_rare_siblings() -> None:
    vocabulary = Vocabulary.learn({f"{ICD}//E11.65": 2, f"{ICD}//E11.2": 2, f"{ICD}//I50.9": 5}, 3)

    assert vocabulary.id_of(f"{ICD}//E11.77") == vocabulary.id_of(f"{ICD}//E11.2")


def test_a_code_of_an_unheard_kind_is_unknown() -> None:
    assert Vocabulary.learn({"LAB//a": 9}, 3).id_of("PAYER//b") == UNKNOWN


def test_an_icd_code_passes_its_category_on_the_way_up() -> None:
    assert parents("DIAGNOSIS//icd-9-cm//250.02")[0] == "DIAGNOSIS//icd-9-cm//250"


@given(st.dictionaries(codes, st.integers(1, 20)), st.integers(1, 10))
def test_every_common_code_has_an_id_of_its_own(counts: dict[str, int], at_least: int) -> None:
    vocabulary = Vocabulary.learn(counts, at_least)

    common = [code for code, count in counts.items() if count >= at_least]

    assert len({vocabulary.id_of(code) for code in common}) == len(common)
    assert all(vocabulary.codes[vocabulary.id_of(code)] == code for code in common)


@given(codes)
def test_parents_grow_ever_shorter_and_end_at_the_kind(code: str) -> None:
    found = [code, *parents(code)]

    assert [len(parent) for parent in found] == sorted({len(p) for p in found}, reverse=True)
    assert "//" not in found[-1]
