"""Write the progress of all running replies of a process to the database: a checkpoint.

`event_loop` does this twice a second, on busy sites for hundreds of replies. While this code holds
Python's interpreter lock, the event loop that writes to visitors has to wait. So PostgreSQL and
SQLite get a single statement, with the new text as one JSON value. MySQL and MariaDB use Django's
ORM, which takes 100 ms to compose its statement for 500 replies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.db import connections, models
from django.utils import timezone

from sitechat.engine.live_reply import LiveReply
from sitechat.models import Message, Status
from sitechat.runtime import database

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

INTERVAL = 0.5
"""Seconds between two checkpoints of the running replies."""


class Progress:
    """The current state of a reply, and the part that its row does not have yet."""

    def __init__(self, live: LiveReply) -> None:
        reply = live.reply
        self.live = live
        self.text = reply.text
        # The event loop continues meanwhile. It adds a source before its citation, so copy the
        # citations first.
        self.citations = list(reply.citations)
        self.sources = list(reply.sources)
        length, cited = live.checkpointed
        self.has_new_text = len(self.text) != length
        self.kept = min(length, len(self.text))
        """The number of characters of the row's text that are kept."""
        self.has_new_citations = len(self.citations) != cited

    def mark_saved(self) -> None:
        """Record on the live reply that this progress is saved."""
        self.live.checkpointed = (len(self.text), len(self.citations))


def checkpoint(replies: Sequence[LiveReply]) -> dict[UUID, int | None]:
    """Write the progress of the replies, which also shows that their process is alive.

    If a write fails, its exception is raised, and the next checkpoint writes the same progress
    again. Without replies no statement is run, because SQLite has a single lock for all writers.

    Returns:
        The ids of the replies whose rows still exist. The value is the number of characters after
        which the visitor stopped the reply; None if the visitor has not stopped it.
    """
    if not replies:
        return {}
    progress = [Progress(live) for live in replies]
    rows = _writer(database.alias()).write(progress)
    for each in progress:
        each.mark_saved()
    others = [live.id for live in replies if live.id not in rows]
    if others:
        rows |= Message.objects.filter(pk__in=others).values_list("pk", "stop_at")
    return rows


class CheckpointWriter(Protocol):
    """The interface of `SqlWriter` and `OrmWriter`."""

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        """Write to the rows that are still running.

        Returns:
            `Message.stop_at` of each row that was written, by id; {} if the writer reads no rows.
        """


def _writer(using: str) -> CheckpointWriter:
    """Return the writer for the database."""
    return SqlWriter(connections[using]) if database.returns_rows(using) else OrmWriter()


ROWS = {
    "postgresql": "json_to_recordset(%s::json)"
    " AS new (id uuid, kept integer, more text, sources jsonb, citations jsonb)",
    "sqlite": "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.kept') AS kept,"
    " json_extract(value, '$.more') AS more, json_extract(value, '$.sources') AS sources,"
    " json_extract(value, '$.citations') AS citations FROM json_each(%s)) AS new",
}
"""SQL that reads the JSON as rows, by database vendor."""


class SqlWriter:
    """Writes by one statement with RETURNING.

    Only the quoted table name and `ROWS` are formatted into its text.
    """

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        """Write the progress of the replies that still run, and return their `stop_at`."""
        key, updated = Message._meta.pk, Message._meta.get_field("updated")
        rows = [
            {
                "id": str(key.get_db_prep_value(each.live.id, self._connection)),
                "kept": each.kept,
                "more": each.text[each.kept :],
                "sources": each.sources if each.has_new_citations else None,
                "citations": each.citations if each.has_new_citations else None,
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
        """Return the statement for this database."""
        table = self._connection.ops.quote_name(Message._meta.db_table)
        # SUBSTR counts characters from 1. `status || ''` prevents SQLite from using the index on
        # the status: it would then parse the JSON once for each running reply.
        return (
            f"UPDATE {table} SET updated = %s, suspected = NULL,"  # noqa: S608
            f" text = SUBSTR({table}.text, 1, new.kept) || new.more,"
            f" sources = COALESCE(new.sources, {table}.sources),"
            f" citations = COALESCE(new.citations, {table}.citations)"
            f" FROM {ROWS[self._connection.vendor]}"
            f" WHERE {table}.id = new.id AND {table}.status || '' = %s"
            f" RETURNING {table}.id, {table}.stop_at"
        )


class OrmWriter:
    """Writes by Django's ORM."""

    def write(self, progress: Sequence[Progress]) -> dict[UUID, int | None]:
        """Write the progress of the replies. Return {}, because the ORM does not read the rows."""
        texts: dict[UUID, str] = {}
        for each in progress:
            if each.has_new_citations:
                _running([each.live.id]).update(
                    text=each.text, sources=each.sources, citations=each.citations
                )
            elif each.has_new_text:
                texts[each.live.id] = each.text
        changes: dict[str, Any] = {"text": _TextById(texts)} if texts else {}
        _running([each.live.id for each in progress]).update(
            updated=timezone.now(), suspected=None, **changes
        )
        return {}


class _TextById(models.Expression):
    """`CASE id WHEN … THEN … END`. Django's own Case takes 80 ms to compose it for 500 replies."""

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
