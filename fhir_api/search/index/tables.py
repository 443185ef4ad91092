"""The index of searches: what each stored resource can be found by, one row a value.

One narrow table for all parameters of all types, so that a new parameter is new rows and no new
column and no new table. Only newest versions have rows.
"""

from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Index, Numeric, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base

Moment = Annotated[datetime | None, mapped_column(DateTime(timezone=True))]
Bound = Annotated[Decimal | None, mapped_column(Numeric())]
Word = Annotated[str | None, mapped_column(Text())]


def partial(column: str, *columns: str) -> Index:
    """An index over the rows that have the column."""
    name = f"ix_search_value_{column}"
    return Index(name, *columns, postgresql_where=text(f"{column} IS NOT NULL"))


class SearchValue(Base):
    """One value of one search parameter of the newest version of a resource.

    Rows have no key of their own: they are written and forgotten with their resource. No foreign
    key either, for its check would cost more than the row; both are written in one transaction.
    """

    __tablename__ = "search_value"
    __table_args__ = (
        partial("code", "lane", "code", "system", "resource"),
        partial("starts", "lane", "starts", "ends", "resource"),
        partial("low", "lane", "low", "high", "resource"),
        Index(None, "resource"),
        {"comment": "What the newest version of each resource can be found by"},
    )
    __mapper_args__ = MappingProxyType({"primary_key": ["resource", "lane", "place"]})

    resource: Mapped[int] = mapped_column(BigInteger, comment="resource_head.number")
    lane: Mapped[int] = mapped_column(
        BigInteger, comment="First 8 bytes of sha256 of site, resource type and parameter"
    )
    place: Mapped[int] = mapped_column(
        SmallInteger, comment="0; for halves of a composite the element they share, from 1"
    )
    system: Mapped[Word] = mapped_column(
        comment="Of a code; version of a canonical; a string as stored"
    )
    code: Mapped[Word] = mapped_column(
        comment="Code, keyed identifier, uri, Type/pseudonym, unit, or a string made comparable"
    )
    starts: Mapped[Moment] = mapped_column(comment="First moment of a stored (shifted) date")
    ends: Mapped[Moment] = mapped_column(comment="First moment after it")
    low: Mapped[Bound] = mapped_column(comment="Least value that a number stands for, inclusive")
    high: Mapped[Bound] = mapped_column(comment="Greatest value it stands for, exclusive")
