"""FHIR dates of every precision become UTC moments."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.events.errors import UnreadableTime
from etl.events.reading import minutes_east, moment


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ("2020", datetime(2020, 1, 1, tzinfo=UTC)),
        ("2020-03", datetime(2020, 3, 1, tzinfo=UTC)),
        ("2020-03-04", datetime(2020, 3, 4, tzinfo=UTC)),
        ("2020-03-04T05:06:07Z", datetime(2020, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2020-03-04T05:06:07+02:00", datetime(2020, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("2020-03-04T05:06:07.123456789Z", datetime(2020, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("9999-12-31T23:00:00-05:00", datetime(9999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_every_precision_is_understood(written: str, understood: datetime) -> None:
    assert moment(written) == understood


def test_missing_date_is_no_moment() -> None:
    assert moment(None) is None
    assert minutes_east(None) is None


@pytest.mark.parametrize("written", ["soon", "2020-13", "2020-02-30", "12.03.2020", "20200304"])
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(UnreadableTime):
        moment(written)


@given(st.datetimes(timezones=st.timezones()))
def test_clock_and_offset_give_back_what_was_written(written: datetime) -> None:
    text = written.replace(microsecond=0).isoformat()[:25]
    local = datetime.fromisoformat(text)

    east = minutes_east(text)
    assert east is not None
    assert (local.utcoffset() or local - local).total_seconds() / 60 == east
