"""How far the running replies of a process have come, written for all of them at once.

With five hundred replies, twice a second, this must hold the interpreter for moments only: the
loop that writes to the visitors waits for as long. So PostgreSQL and SQLite get one statement
with one value, the JSON of what is new; Django's ORM, which takes a hundred milliseconds to
compose the same, writes for MySQL and MariaDB.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import connections, models
from django.utils import timezone

from sitechat import primary
from sitechat.models import Message, Status

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

    from sitechat.driver import LiveReply


class Progress:
    """One reply at this moment, and what its row does not have yet."""

    def __init__(self, live: LiveReply) -> None:
        reply = live.reply
        self.live = live
        self.text = reply.text
        # The loop goes on meanwhile, and adds a source before the citation of it.
        self.citations = list(reply.citations)
        self.sources = list(reply.sources)
        length, cited = live.checkpointed
        self.grew = len(self.text) != length
        self.kept = min(length, len(self.text))
        """Characters of the row's text that stay."""
        self.cites = len(self.citations) != cited
        """Whether the citations are news too."""

    def written(self) -> None:
        self.live.checkpointed = (len(self.text), len(self.citations))


def checkpoint(replies: Sequence[LiveReply]) -> dict[UUID, int | None]:
    """Write what the replies have so far; their rows look alive for as long.

    Returns for each reply whose row is still there where it is to stop, None where nowhere.
    What a failure leaves unknown, written or not, is written again the next time. Where nothing
    runs nothing is asked of the database: SQLite has one lock for all who write.
    """
    if not replies:
        return {}
    progress = [Progress(live) for live in replies]
    rows = _writing(primary.alias()).write(progress)
    for each in progress:
        each.written()
    others = [live.id for live in replies if live.id not in rows]
    if others:
        rows |= Message.objects.filter(pk__in=others).values_list("pk", "stop_at")
    return rows


class Writing(Protocol):
    """Writes to those of the rows that are running still."""

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        """Returns where replies are to stop, as far as that is known from writing."""


def _writing(using: str) -> Writing:
    """The way of writing that fits the database."""
    return Together(connections[using]) if primary.returns_rows(using) else Stepwise()


ROWS = {
    "postgresql": "json_to_recordset(%s::json)"
    " AS new (id uuid, kept integer, more text, sources jsonb, citations jsonb)",
    "sqlite": "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.kept') AS kept,"
    " json_extract(value, '$.more') AS more, json_extract(value, '$.sources') AS sources,"
    " json_extract(value, '$.citations') AS citations FROM json_each(%s)) AS new",
}
"""How a database reads the JSON as rows."""


class Together:
    """One statement that returns what it has written.

    All that is put into its text is the table's quoted name and what stands in `ROWS`.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        key, updated = Message._meta.pk, Message._meta.get_field("updated")
        rows = [
            {
                "id": str(key.get_db_prep_value(each.live.id, self._connection)),
                "kept": each.kept,
                "more": each.text[each.kept :],
                "sources": each.sources if each.cites else None,
                "citations": each.citations if each.cites else None,
            }
            for each in progress
        ]
        values = [
            updated.get_db_prep_save(timezone.now(), self._connection),
            json.dumps(rows, ensure_ascii=False),
            Status.RUNNING,
        ]
        with self._connection.cursor() as cursor:
            cursor.execute(self._statement(), values)
            return {key.to_python(pk): stop_at for pk, stop_at in cursor.fetchall()}

    def _statement(self) -> str:
        table = self._connection.ops.quote_name(Message._meta.db_table)
        # SUBSTR counts from 1, in characters. The status is no column to look rows up by: SQLite
        # would read the JSON anew for each running reply.
        return (
            f"UPDATE {table} SET updated = %s,"  # noqa: S608
            f" text = SUBSTR({table}.text, 1, new.kept) || new.more,"
            f" sources = COALESCE(new.sources, {table}.sources),"
            f" citations = COALESCE(new.citations, {table}.citations)"
            f" FROM {ROWS[self._connection.vendor]}"
            f" WHERE {table}.id = new.id AND {table}.status || '' = %s"
            f" RETURNING {table}.id, {table}.stop_at"
        )


class Stepwise:
    """Django's ORM."""

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        texts: dict[UUID, str] = {}
        for each in progress:
            if each.cites:
                _running([each.live.id]).update(
                    text=each.text, sources=each.sources, citations=each.citations
                )
            elif each.grew:
                texts[each.live.id] = each.text
        changes: dict[str, Any] = {"text": _TextById(texts)} if texts else {}
        _running([each.live.id for each in progress]).update(updated=timezone.now(), **changes)
        return {}


class _TextById(models.Expression):
    """`CASE id WHEN … THEN … END`: with 500 replies Django's own Case takes 80 ms to write it."""

    def __init__(self, texts: dict[UUID, str]) -> None:
        super().__init__(output_field=models.TextField())
        self._texts = texts

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, tuple[Any, ...]]:
        key, quote = models.UUIDField(), connection.ops.quote_name
        values: list[Any] = []
        for pk, text in self._texts.items():
            values += [key.get_db_prep_value(pk, connection), text]
        whens = "WHEN %s THEN %s " * len(self._texts)
        return f"CASE {quote('id')} {whens}ELSE {quote('text')} END", tuple(values)


def _running(ids: Sequence[UUID]) -> models.QuerySet[Message]:
    return Message.objects.filter(pk__in=ids, status=Status.RUNNING)
