"""Positions of readers move with the readers' own writes, or not at all."""

from sqlalchemy import Engine, text

from fhir_api.store.positions import begin, lock_position, move, read_position
from fhir_api.store.records import FeedPosition


def began(engine: Engine, at: FeedPosition) -> None:
    with engine.begin() as connection:
        begin(connection, "site", "reader", at)


def stands(engine: Engine) -> FeedPosition | None:
    with engine.connect() as connection:
        return read_position(connection, "site", "reader")


def test_a_reader_that_never_began_has_no_position(engine: Engine) -> None:
    assert stands(engine) is None


def test_a_reader_begins_once(engine: Engine) -> None:
    began(engine, FeedPosition(7, 3))
    began(engine, FeedPosition(9))

    assert stands(engine) == FeedPosition(7, 3)


def test_a_position_moves_on_and_never_back(engine: Engine) -> None:
    began(engine, FeedPosition(7, 3))
    for to in (FeedPosition(7, 4), FeedPosition(7, 2), FeedPosition(6, 9)):
        with engine.begin() as connection:
            move(connection, "site", "reader", to)

    assert stands(engine) == FeedPosition(7, 4)


def test_a_crash_before_the_commit_leaves_position_and_writes_as_they_were(engine: Engine) -> None:
    began(engine, FeedPosition(7))
    with engine.connect() as connection:
        lock_position(connection, "site", "reader")
        begin(connection, "site", "what the reader writes", FeedPosition(1))
        move(connection, "site", "reader", FeedPosition(8))
        connection.rollback()

    assert stands(engine) == FeedPosition(7)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feed_consumer")).scalar_one() == 1


def test_of_two_readers_with_one_name_one_reads(engine: Engine) -> None:
    began(engine, FeedPosition(7))
    with engine.begin() as first, engine.begin() as second:
        assert lock_position(first, "site", "reader") == FeedPosition(7)
        assert lock_position(second, "site", "reader") is None
        move(first, "site", "reader", FeedPosition(8))

    with engine.begin() as third:
        assert lock_position(third, "site", "reader") == FeedPosition(8)


def test_readers_and_sites_stand_each_where_they_are(engine: Engine) -> None:
    began(engine, FeedPosition(7))
    with engine.begin() as connection:
        begin(connection, "site", "other reader", FeedPosition(2))
        begin(connection, "other site", "reader", FeedPosition(3))
        move(connection, "other site", "reader", FeedPosition(30))

    assert stands(engine) == FeedPosition(7)
