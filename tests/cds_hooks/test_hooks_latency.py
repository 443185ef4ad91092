"""The stopwatch behind the Server-Timing header."""

import re

import pytest

from cds_hooks.latency import Stopwatch


def test_a_part_measured_twice_is_added_up() -> None:
    watch = Stopwatch()

    for _ in range(2):
        with watch.part("features"):
            once = watch.parts.get("features", 0.0)

    assert watch.parts["features"] > once > 0.0


def test_a_part_that_fails_is_measured_too() -> None:
    watch = Stopwatch()

    with pytest.raises(ValueError, match="no"), watch.part("predict"):
        raise ValueError("no")

    assert "predict" in watch.parts


def test_the_whole_is_no_shorter_than_its_parts() -> None:
    watch = Stopwatch()
    with watch.part("history"):
        pass
    with watch.part("features"):
        pass

    assert watch.seconds() >= sum(watch.parts.values())


def test_the_header_names_each_part_in_milliseconds() -> None:
    watch = Stopwatch()
    with watch.part("history"):
        pass

    header = watch.server_timing()

    assert re.fullmatch(r"history;dur=\d+\.\d, total;dur=\d+\.\d", header)
