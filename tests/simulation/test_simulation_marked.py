"""Text that knows its spans, whatever it is made of."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.simulation.notes.marked import Fact, Marked, joined, render, varied

UNHURRIED = settings(deadline=None)  # a busy machine is no failure

TEXTS = st.text(max_size=12)
FACTS = st.lists(st.tuples(TEXTS, st.sampled_from(["NAME", "DATE", None])), max_size=6)


@UNHURRIED
@given(FACTS, st.lists(TEXTS, min_size=7, max_size=7))
def test_every_labelled_fact_stands_where_its_span_says(
    facts: list[tuple[str, str | None]], words: list[str]
) -> None:
    plain = [word.replace("{", "").replace("}", "") for word in words]
    template = "".join(f"{word}{{f{n}}}" for n, word in zip(range(len(facts)), plain, strict=False))

    marked = render(template, {f"f{n}": Fact(*fact) for n, fact in enumerate(facts)})

    labelled = [(text, label) for text, label in facts if label]
    assert [(marked.text[a:b], label) for a, b, label in marked.spans] == labelled


@UNHURRIED
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), TEXTS)
def test_joining_moves_every_span_with_its_text(
    parts: list[tuple[str, str]], separator: str
) -> None:
    marked = [Marked(a + b, [(len(a), len(a) + len(b), "NAME")]) for a, b in parts]

    whole = joined(marked, separator)

    assert whole.text == separator.join(a + b for a, b in parts)
    assert [whole.text[a:b] for a, b, _ in whole.spans] == [b for _, b in parts]


@UNHURRIED
@given(st.integers())
def test_one_of_each_alternative_is_written(seed: int) -> None:
    text = varied(Random(seed), "[Lives|Resides] alone, [no|not any] help")

    assert text in {
        f"{verb} alone, {none} help" for verb in ("Lives", "Resides") for none in ("no", "not any")
    }
