"""Who delivers which subscription, and what became of it: the status machine in SQL.

    requested ── handshake answered 2xx ──► active ── too many failures ──► error
        ▲                                     ▲                               │
        └────── the client sends it again ────┴──────── the operator replays ─┘
    off: by the client, or at the end; from every status

A worker leases one subscription that is due, in a transaction of its own, delivers without any
transaction (which would hold back the change feed), and settles with its lease in hand. A worker
that dies leaves a lease that ends by itself; the next one sends the same events again.
"""

import uuid
from datetime import datetime

from sqlalchemy import text

from fhir_api.subscriptions.records import Held
from fhir_api.subscriptions.repository import SubscriptionStore
from fhir_api.subscriptions.rules import Retry

LEASE_MARGIN_S = 30  # beyond three times the time an answer may take
USUAL_TIMEOUT_S = 10
# Materialized, so that it is looked up once: inside a join it could lock and lease several.
LEASE = text(f"""
    WITH due AS MATERIALIZED (
        SELECT subscription_id FROM subscription
        WHERE site = :site AND next_attempt_at <= :now
          AND (leased_until IS NULL OR leased_until <= :now)
          AND (status = 'requested'
               OR status = 'active' AND delivered < events
               OR status = 'active' AND last_contact_at + heartbeat_s * interval '1 second' <= :now
               OR status <> 'off' AND ends_at <= :now)
        ORDER BY next_attempt_at, subscription_id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE subscription s
    SET lease = :lease,
        leased_until = cast(:now AS timestamptz) + interval '1 second'
                       * (3 * coalesce(timeout_s, {USUAL_TIMEOUT_S}) + {LEASE_MARGIN_S})
    FROM due
    WHERE s.site = :site AND s.subscription_id = due.subscription_id
    RETURNING s.*
""")
SETTLE = """
    UPDATE subscription SET leased_until = NULL, lease = NULL, {}
    WHERE site = :site AND subscription_id = :id AND lease = :lease
"""
SUCCEED = text(
    SETTLE.format("""
    status = 'active', delivered = greatest(delivered, cast(:delivered AS bigint)), attempts = 0,
    next_attempt_at = :now, last_contact_at = :now, problem = NULL,
    from_transaction = coalesce(from_transaction, pg_snapshot_xmin(pg_current_snapshot()))
    """)
)
FAIL = text(
    SETTLE.format("""
    status = CASE WHEN cast(:give_up AS boolean) THEN 'error' ELSE status END,
    attempts = attempts + 1, next_attempt_at = :next, problem = :problem
    """)
)
END = text(SETTLE.format("status = 'off', from_transaction = NULL, next_attempt_at = :now"))
BURY = text("""
    UPDATE subscription_event SET dead_at = :now
    WHERE site = :site AND subscription_id = :id AND number > :after AND number <= :until
""")


class Leases:
    """Leases on the subscriptions of one site."""

    def __init__(self, store: SubscriptionStore, retry: Retry) -> None:
        self.store = store
        self.retry = retry

    def take(self, now: datetime) -> Held | None:
        """A subscription that is due, leased; None when there is none."""
        given = {"site": self.store.site, "now": now, "lease": str(uuid.uuid4())}
        with self.store.engine.begin() as connection:
            row = connection.execute(LEASE, given).first()
        return None if row is None else self.store.held(row)

    def succeed(self, held: Held, delivered: int, now: datetime) -> bool:
        """Note that events up to a number were received; False when the lease is no longer ours."""
        given = self.named(held) | {"delivered": delivered, "now": now}
        with self.store.engine.begin() as connection:
            return connection.execute(SUCCEED, given).rowcount == 1

    def fail(self, held: Held, until: int, problem: str, now: datetime) -> bool:
        """Note a failure to deliver events up to a number; True when it was the last attempt."""
        return self.settle_failure(held, until, problem, now, give_up=False)

    def give_up(self, held: Held, problem: str, now: datetime) -> bool:
        """Note a failure that no further attempt would mend."""
        return self.settle_failure(held, held.events, problem, now, give_up=True)

    def settle_failure(
        self, held: Held, until: int, problem: str, now: datetime, *, give_up: bool
    ) -> bool:
        """Write a failure down; what was not received is dead when it was the last attempt."""
        failures = held.attempts + 1
        last = give_up or failures >= self.retry.attempts
        later = now + self.retry.delay(failures)
        given = self.named(held) | {"give_up": last, "next": later, "problem": problem}
        with self.store.engine.begin() as connection:
            ours = connection.execute(FAIL, given).rowcount == 1
            if ours and last:
                dead = {"after": held.delivered, "until": until, "now": now}
                connection.execute(BURY, self.named(held) | dead)
        return last

    def end(self, held: Held, now: datetime) -> None:
        """Note that the end has come."""
        with self.store.engine.begin() as connection:
            connection.execute(END, self.named(held) | {"now": now})

    def named(self, held: Held) -> dict[str, object]:
        """What every settling statement is bound to."""
        return {"site": self.store.site, "id": held.id, "lease": held.lease}
