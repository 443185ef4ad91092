"""Words, phrases and dictionaries that scrubbing stands on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.leaks.identifiers import Identifiers
from privacy.notes.dates import dates_in
from privacy.notes.institutions import institution_at
from privacy.notes.known_names import KnownNames
from privacy.notes.patterns import patterns
from privacy.notes.text import Phrases, Words, fold, folded_words
from privacy.notes.words import common_words, given_names, nicknames, surnames

folded = st.text(alphabet="abc", min_size=1, max_size=3)


@given(text=st.text(max_size=200))
def test_words_stand_where_they_say(text: str) -> None:
    words = Words.of(text)

    assert [text[start:end] for start, end in words.places] == words.written
    assert [fold(word) for word in words.written] == words.folded


@given(text=st.text(max_size=200))
def test_words_and_gaps_make_up_the_text(text: str) -> None:
    words = Words.of(text)
    between = "".join(w + words.gap(i) for i, w in enumerate(words.written))

    assert between in text


@given(
    phrases=st.lists(st.lists(folded, max_size=3), max_size=8), words=st.lists(folded, min_size=1)
)
def test_phrases_are_found_as_by_looking_for_each(
    phrases: list[list[str]], words: list[str]
) -> None:
    index = Phrases(phrases)

    for place in range(len(words)):
        slow = {place + len(p) for p in phrases if p and words[place : place + len(p)] == p}
        assert set(index.ends(words, place)) == slow
        assert index.begins(words, place) == bool(slow)


def test_accents_and_case_make_no_difference() -> None:
    assert folded_words("ZOË d'Ávila-Núñez") == ("zoe", "d", "avila", "nunez")


@pytest.mark.parametrize(
    ("text", "is_start"),
    [
        ("Pain", True),
        ("No. Pain", True),
        ("of Pain", False),
        ("\n- Pain", True),
        ("a, Pain", False),
    ],
)
def test_the_start_of_a_sentence_is_seen(text: str, is_start: bool) -> None:
    words = Words.of(text)

    assert words.starts_sentence(words.folded.index("pain")) is is_start


def test_dictionaries_are_in_lower_case_and_mostly_apart() -> None:
    names = given_names() | surnames()

    assert all(word == word.lower() for word in names | common_words())
    assert len(names & common_words()) < len(names) / 20


@pytest.mark.parametrize("word", ["pain", "stage", "hypertension", "lasix", "metformin", "of"])
def test_clinical_words_are_in_the_dictionary(word: str) -> None:
    assert word in common_words()


def test_nicknames_go_with_the_names_of_the_batch() -> None:
    known = KnownNames.of(Identifiers(people={("Elizabeth", "Quuxford")}))

    assert set(nicknames()["elizabeth"]) <= known.names | known.common


def test_titles_and_letters_after_a_name_are_no_names() -> None:
    known = KnownNames.of(Identifiers(displayed={("Dr.", "Ida", "Quuxford,", "MD")}))

    assert known.names == {"ida", "quuxford"}


@pytest.mark.parametrize("number", ["1", "42", "A-1", "III", "abc"])
def test_short_numbers_are_not_looked_for(number: str) -> None:
    known = KnownNames.of(Identifiers(numbers={number}))
    words = list(folded_words(number))

    assert not known.numbers.begins(words, 0)


@pytest.mark.parametrize(
    ("text", "sign", "named"),
    [
        ("to St. Mary of the Lake Hospital", "hospital", "St. Mary of the Lake Hospital"),
        ("at Brigham and Women's Hospital", "hospital", "Brigham and Women's Hospital"),
        ("works for Marlow & Sons Roofing", "for", "Marlow & Sons Roofing"),
        ("seen at UCSF", "ucsf", "UCSF"),
        ("lives in Port Quuxford", "port", "Port Quuxford"),
    ],
)
def test_institutions_are_named_whole(text: str, sign: str, named: str) -> None:
    words = Words.of(text)

    place = institution_at(words, words.folded.index(sign))

    assert place is not None
    assert text[words.places[place.first][0] : words.places[place.end - 1][1]] == named


@pytest.mark.parametrize(
    ("text", "sign"),
    [("in the hospital", "hospital"), ("Port site clean", "port"), ("Pain Clinic", "clinic")],
)
def test_a_ward_without_a_name_is_none(text: str, sign: str) -> None:
    words = Words.of(text)

    assert institution_at(words, words.folded.index(sign)) is None


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("29 Feb 2024", "2024-02-22"),
        ("31/12/2023", "2023-12-24"),
        ("12/31/2023", "2023-12-24"),
        ("Jan. 3rd, 2024", "2023-12-27"),
        ("3rd of January 2024", "2023-12-27"),
        ("20240103", "2023-12-27"),
        ("01/2024", "2024-01"),
        ("Jan 3, '24", "2023-12-27"),
        ("1/2/85", "1984-12-26"),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, instead: str) -> None:
    found = max(dates_in(f"Seen {text}.", -7), key=lambda date: date.end - date.start)

    assert found.instead == instead


@pytest.mark.parametrize(
    "text", ["99/99/2024", "2024-13-45", "120/80", "1.5 mg", "3-4 times", "h 24"]
)
def test_numbers_that_are_no_dates_stay(text: str) -> None:
    assert [found.instead for found in dates_in(text, -7)] == []


def test_every_pattern_says_what_it_finds() -> None:
    labels = {pattern.label for pattern in patterns()}

    assert labels == {"CONTACT", "ID", "GEO", "AGE90"}
    assert all(pattern.what for pattern in patterns())
