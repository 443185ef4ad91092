"""The model registry: which versions there are, and which one answers.

A roll-back is a promotion of an earlier version: one row changes, one audit row is added, and
nothing is trained or copied.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from model.errors import CorruptArtefact, UnknownModel
from model.runtime.artefact import MANIFEST, digest_of, verified_manifest
from model.tables import ModelAlias, ModelPromotion, ModelVersion

Alias = Literal["champion", "challenger", "shadow"]


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A version as the registry knows it.

    Attributes:
        version: Its name.
        path: Directory of its files.
        digest: sha256 of its manifest, which in turn holds those of its files.
        schema_hash: Of the feature catalogue it was trained on.
        metrics: What training measured.
        registered_at: UTC.
    """

    version: str
    path: Path
    digest: str
    schema_hash: str
    metrics: dict[str, Any]
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """One move of an alias, as the audit holds it."""

    alias: str
    version: str
    previous: str | None
    promoted_by: str
    reason: str
    promoted_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """Who moves an alias, why, and when (UTC)."""

    by: str
    reason: str
    at: datetime


def register(engine: Engine, site: str, artefact: Path, now: datetime) -> str:
    """Enter a trained model; doing so twice changes nothing.

    Args:
        engine: The database.
        site: The tenant.
        artefact: The directory `model.train` wrote.
        now: UTC.

    Returns:
        The version's name.

    Raises:
        CorruptArtefact: A file is missing or changed since training.
    """
    artefact = Path(artefact).resolve()
    manifest = verified_manifest(artefact)
    row = {
        "site": site,
        "version": manifest["version"],
        "path": str(artefact),
        "digest": digest_of(artefact / MANIFEST),
        "schema_hash": manifest["schema_hash"],
        "metrics": _metrics(artefact),
        "registered_at": now,
    }
    with engine.begin() as connection:
        connection.execute(insert(ModelVersion).values(row).on_conflict_do_nothing())
    return str(manifest["version"])


def promote(
    engine: Engine, site: str, version: str, decision: Decision, alias: Alias = "champion"
) -> None:
    """Let the alias stand for the version, and write down who did it and why.

    Raises:
        UnknownModel: There is no such version or alias.
        CorruptArtefact: The version's files are not as they were registered.
    """
    if alias not in get_args(Alias):
        raise UnknownModel("alias", alias, site)
    _verify(find(engine, site, version))
    with Session(engine) as session, session.begin():
        key = {"site": site, "alias": alias}
        standing = session.get(ModelAlias, key, with_for_update=True)
        previous = standing.version if standing else None
        moved = {"version": version, "moved_at": decision.at}
        upsert = insert(ModelAlias).values(**key, **moved)
        session.execute(upsert.on_conflict_do_update(index_elements=list(key), set_=moved))
        who = {"promoted_by": decision.by, "reason": decision.reason, "promoted_at": decision.at}
        session.add(ModelPromotion(**key, version=version, previous=previous, **who))


def resolve(engine: Engine, site: str, alias: Alias = "champion") -> RegisteredModel:
    """The version an alias stands for, after its files were found as registered.

    Raises:
        UnknownModel: The alias stands for nothing yet.
        CorruptArtefact: The files are not as they were registered.
    """
    with Session(engine) as session:
        standing = session.get(ModelAlias, {"site": site, "alias": alias})
    if standing is None:
        raise UnknownModel("alias", alias, site)
    model = find(engine, site, standing.version)
    _verify(model)
    return model


def find(engine: Engine, site: str, version: str) -> RegisteredModel:
    """One version.

    Raises:
        UnknownModel: There is no such version at this site.
    """
    with Session(engine) as session:
        row = session.get(ModelVersion, {"site": site, "version": version})
    if row is None:
        raise UnknownModel("version", version, site)
    return _registered(row)


def versions(engine: Engine, site: str) -> list[RegisteredModel]:
    """All versions of a site, newest first."""
    query = select(ModelVersion).where(ModelVersion.site == site)
    with Session(engine) as session:
        rows = session.scalars(query.order_by(ModelVersion.registered_at.desc())).all()
    return [_registered(row) for row in rows]


def aliases(engine: Engine, site: str) -> dict[str, str]:
    """The version each alias of a site stands for."""
    query = select(ModelAlias).where(ModelAlias.site == site)
    with Session(engine) as session:
        return {row.alias: row.version for row in session.scalars(query)}


def promotions(engine: Engine, site: str) -> list[Promotion]:
    """Every move of every alias of a site, oldest first."""
    query = select(ModelPromotion).where(ModelPromotion.site == site)
    names = Promotion.__dataclass_fields__
    with Session(engine) as session:
        rows = session.scalars(query.order_by(ModelPromotion.number)).all()
        return [Promotion(**{name: getattr(row, name) for name in names}) for row in rows]


def _registered(row: ModelVersion) -> RegisteredModel:
    kept = ("version", "digest", "schema_hash", "metrics", "registered_at")
    return RegisteredModel(path=Path(row.path), **{name: getattr(row, name) for name in kept})


def _verify(model: RegisteredModel) -> None:
    verified_manifest(model.path)
    if digest_of(model.path / MANIFEST) != model.digest:
        raise CorruptArtefact(model.path, f"{MANIFEST} is not the one that was registered")


def _metrics(artefact: Path) -> dict[str, Any]:
    return dict(json.loads((artefact / "metrics.json").read_text("utf-8")))
