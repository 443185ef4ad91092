"""A policy that forgets, misspells or invents something is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from privacy.errors import PolicyError, UndecidedPath, UnknownAction, UnknownPath
from privacy.policy import ACTIONS, POLICY, load_policy
from tests.support.cleaning import policy

Edited = Callable[[str, str], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """The policy with one piece of text replaced by another."""

    def write(old: str, new: str) -> Path:
        text = POLICY.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "policy.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def test_the_policy_has_a_name_with_the_digest_of_what_it_says(edited: Edited) -> None:
    other = load_policy(edited('name = "operational-1"', 'name = "operational-1" # mine'))

    assert policy().name == f"operational-1@{policy().digest}"
    assert other.digest != policy().digest


def test_a_policy_that_forgets_a_text_element_is_refused(edited: Edited) -> None:
    path = edited('drop = ["onsetString", "reaction.description"]', 'drop = ["onsetString"]')

    with pytest.raises(UndecidedPath, match=r"AllergyIntolerance\.reaction\.description"):
        load_policy(path)


def test_a_policy_that_forgets_a_data_type_is_refused(edited: Edited) -> None:
    with pytest.raises(UndecidedPath) as caught:
        load_policy(edited('date = "shift"', ""))

    assert "Patient.birthDate" not in caught.value.paths
    assert "Basic.created" in caught.value.paths


def test_a_policy_without_one_of_its_parts_is_refused(edited: Edited) -> None:
    with pytest.raises(UndecidedPath, match="identifier-systems"):
        load_policy(edited("[identifier-systems]", "[identifiers]"))


def test_a_policy_with_an_unknown_word_is_refused(edited: Edited) -> None:
    with pytest.raises(UnknownAction, match="dateTime"):
        load_policy(edited('dateTime = "shift"', 'dateTime = "publish"'))


def test_a_policy_about_an_element_that_is_not_in_r4_is_refused(edited: Edited) -> None:
    path = edited('birth-year = ["birthDate"]', 'birth-year = ["birthDate"]\ndrop = ["birthPlce"]')

    with pytest.raises(PolicyError):
        load_policy(path)


def test_a_misspelt_element_is_named(edited: Edited) -> None:
    path = edited('drop = ["onsetString", ', 'drop = ["onsetStrin", "onsetString", ')

    with pytest.raises(UnknownPath, match=r"AllergyIntolerance\.onsetStrin,"):
        load_policy(path)


def test_a_table_for_an_unknown_resource_is_refused(edited: Edited) -> None:
    with pytest.raises(UnknownPath, match="Pateint"):
        load_policy(edited("[resource.Patient]", "[resource.Pateint]"))


def test_text_that_is_no_toml_is_refused(edited: Edited) -> None:
    with pytest.raises(PolicyError, match="no TOML"):
        load_policy(edited("[type.Meta]", "[type.Meta"))


def test_every_word_is_explained_at_the_top_of_the_file() -> None:
    top = POLICY.read_text(encoding="utf-8").partition("name =")[0]

    explained = {line.split()[1] for line in top.splitlines() if line.startswith("#   ")}

    assert explained >= ACTIONS


def test_no_element_of_the_shipped_policy_keeps_free_text() -> None:
    assert "text" not in policy().decisions.values()
