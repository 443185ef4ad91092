"""What the operator does: see what is dead, send it again, forget what is old."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, text

from fhir_api.subscriptions.repository import REVIVE

DEAD = text("""
    SELECT e.subscription_id, s.client, s.problem, min(e.number) AS first, max(e.number) AS last,
           max(e.dead_at) AS dead_at
    FROM subscription_event e JOIN subscription s USING (site, subscription_id)
    WHERE e.site = :site AND e.dead_at IS NOT NULL
    GROUP BY e.subscription_id, s.client, s.problem
    ORDER BY e.subscription_id
""")
REPLAY = text("""
    UPDATE subscription
    SET status = CASE WHEN from_transaction IS NULL THEN 'requested' ELSE 'active' END,
        attempts = 0, next_attempt_at = :now, problem = NULL, leased_until = NULL, lease = NULL
    WHERE site = :site AND subscription_id = :id AND status = 'error'
""")
FORGET = text("""
    DELETE FROM subscription_event e USING subscription s
    WHERE e.site = :site AND e.occurred_at < :before
      AND s.site = e.site AND s.subscription_id = e.subscription_id AND e.number <= s.delivered
""")


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Events that a subscription did not receive after the last attempt.

    Attributes:
        subscription_id: Whose events they are.
        client: Whose subscription it is.
        first: Number of the first.
        last: Number of the last.
        dead_at: UTC; when the last attempt failed.
        problem: Why, without any value.
    """

    subscription_id: str
    client: str
    first: int
    last: int
    dead_at: datetime
    problem: str | None


def dead_letters(engine: Engine, site: str) -> list[DeadLetters]:
    """The dead letters of a site, subscription by subscription."""
    with engine.connect() as connection:
        rows = connection.execute(DEAD, {"site": site}).all()
    return [
        DeadLetters(
            row.subscription_id,
            row.client,
            row.first,
            row.last,
            row.dead_at.astimezone(UTC),
            row.problem,
        )
        for row in rows
    ]


def replay(engine: Engine, site: str, subscription_id: str, now: datetime) -> bool:
    """Deliver again what a subscription in error did not receive; False when it is not in error.

    For the time when the endpoint is well again. Events keep their numbers.
    """
    given = {"site": site, "id": subscription_id}
    with engine.begin() as connection:
        revived = connection.execute(REPLAY, given | {"now": now}).rowcount == 1
        if revived:
            connection.execute(REVIVE, given)
    return revived


def forget_events(engine: Engine, site: str, before: datetime) -> int:
    """Delete events that were received and happened before a moment; how many there were.

    `$events` no longer gives them; numbers go on as if they were there.
    """
    with engine.begin() as connection:
        return connection.execute(FORGET, {"site": site, "before": before}).rowcount
