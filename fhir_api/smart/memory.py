"""What the authorization server remembers for a while: assertions used, and how often one tried.

Each is one statement on a primary key, so that processes that share the database agree.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete
from sqlalchemy.dialects.postgresql import insert

from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartAssertion, SmartAttempt, SmartCode, SmartLaunch, SmartToken

WINDOW = timedelta(minutes=5)
KEPT = timedelta(days=1)  # a spent code or token is kept as long, so that its reuse is noticed


@dataclass(frozen=True, slots=True)
class Memory:
    """What one site remembers in the database."""

    engine: Engine
    seal: Seal

    def is_new(self, client_id: str, jti: str, expires_at: datetime) -> bool:
        """Remember an assertion until it expires; False when it was used before."""
        statement = insert(SmartAssertion).values(
            site=self.seal.site,
            assertion=self.seal.hash("assertion", f"{client_id}\0{jti}"),
            expires_at=expires_at,
        )
        kept = statement.on_conflict_do_nothing().returning(SmartAssertion.expires_at)
        with self.engine.begin() as connection:
            return connection.execute(kept).one_or_none() is not None

    def tries(self, subject: str, now: datetime, window: timedelta = WINDOW) -> int:
        """Count one more try of a subject; how many there were in this window."""
        statement = insert(SmartAttempt).values(
            site=self.seal.site,
            subject=self.seal.hash("attempt", subject),
            began_at=window_of(now, window),
            tries=1,
        )
        more = SmartAttempt.tries + 1
        counted = statement.on_conflict_do_update(
            constraint="pk_smart_attempt",
            set_={"tries": more},
            where=SmartAttempt.tries < 30_000,  # the column's end
        ).returning(SmartAttempt.tries)
        with self.engine.begin() as connection:
            return connection.execute(counted).scalar_one_or_none() or 30_000

    def sweep(self, now: datetime) -> int:
        """Forget what has expired; how many rows that were."""
        ended = (
            delete(SmartAssertion).where(SmartAssertion.expires_at < now),
            delete(SmartLaunch).where(SmartLaunch.expires_at < now),
            delete(SmartCode).where(SmartCode.expires_at < now - KEPT),
            delete(SmartToken).where(SmartToken.expires_at < now - KEPT),
            delete(SmartAttempt).where(SmartAttempt.began_at < now - KEPT),
        )
        with self.engine.begin() as connection:
            return sum(connection.execute(each).rowcount for each in ended)


def window_of(now: datetime, window: timedelta = WINDOW) -> datetime:
    """Start of the window a moment lies in."""
    seconds = int(now.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(window.total_seconds()), UTC)
