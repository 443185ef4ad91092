"""Launches: what the EHR was showing when it opened an app, under an id good for one use.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#launch-app-ehr-launch
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, insert, select

from fhir_api.smart.context import Context, unsealed
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartLaunch

LIFETIME = timedelta(minutes=10)  # an app that has not asked by then was not opened
LAUNCH_BYTES = 24


@dataclass(frozen=True, slots=True)
class Launches:
    """Launches of one site in the database."""

    engine: Engine
    seal: Seal

    def open(self, context: Context, now: datetime) -> str:
        """The launch id to hand to the app as `launch`."""
        launch = secrets.token_urlsafe(LAUNCH_BYTES)
        values = {
            "site": self.seal.site,
            "launch": self.seal.hash("launch", launch),
            "context": context.sealed(self.seal),
            "expires_at": now + LIFETIME,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(SmartLaunch).values(**values))
        return launch

    def look(self, launch: str, now: datetime) -> Context | None:
        """The context of a launch that waits; None when there is none."""
        query = select(SmartLaunch.context).where(
            SmartLaunch.site == self.seal.site,
            SmartLaunch.launch == self.seal.hash("launch", launch),
            SmartLaunch.expires_at > now,
        )
        with self.engine.connect() as connection:
            context = connection.execute(query).scalar_one_or_none()
        return unsealed(self.seal, context) if context is not None else None

    def use(self, launch: str) -> bool:
        """End a launch; False when someone was first."""
        statement = delete(SmartLaunch).where(
            SmartLaunch.site == self.seal.site,
            SmartLaunch.launch == self.seal.hash("launch", launch),
        )
        with self.engine.begin() as connection:
            return connection.execute(statement).rowcount == 1
