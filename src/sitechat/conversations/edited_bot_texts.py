"""The texts of bots that staff edit in the admin.

Each process caches the texts for ten seconds. A page gets the cached texts while another thread
renews them, so that the page runs no query. With CHAT_REQUEST_ISOLATION nothing is cached, because
each request may have a database of its own. Each message reads again whether its bot is switched
on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from django.db import DatabaseError, connections
from django.db.models import Max
from django.utils import timezone

from sitechat.conf import conf
from sitechat.models import BotTexts, Job
from sitechat.runtime import database
from sitechat.runtime.daemon_threads import PoolFull, in_callers_context, start_daemon
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat")

FRESH_FOR = 10.0
"""Seconds after which a process reads the texts again."""

LOCK_NAME = "texts"
"""The name of the `Job` whose row is locked while a version is saved."""

FIRST_WAIT = 0.5
"""Maximum seconds for which a page waits for a thread that reads the texts. Only these pages wait:
the first one of a process, and those of async views with CHAT_REQUEST_ISOLATION."""


@dataclass(frozen=True)
class EditedTexts:
    """The edited texts of a bot. An empty text means the text of the settings."""

    enabled: bool = True
    greeting: str = ""
    suggestions: tuple[str, ...] = ()
    instructions: str = ""
    offers_contact: bool = True
    offers_person: bool = True

    @classmethod
    def of(cls, row: BotTexts) -> EditedTexts:
        """Return the texts of a version."""
        suggestions = row.suggestions if isinstance(row.suggestions, list) else []
        return cls(
            enabled=row.enabled,
            greeting=row.greeting,
            suggestions=tuple(map(str, suggestions)),
            instructions=row.instructions,
            offers_contact=row.offers_contact,
            offers_person=row.offers_person,
        )


UNEDITED = EditedTexts()
"""The texts of a bot that staff have not edited."""


class _CachedTexts:
    """The texts that this process has read last, and the time of the read (`monotonic`)."""

    def __init__(self) -> None:
        self.texts: Mapping[str, EditedTexts] = MappingProxyType({})
        self.read_at: float | None = None

    @property
    def is_fresh(self) -> bool:
        return self.read_at is not None and time.monotonic() - self.read_at < FRESH_FOR


_cache = PerProcess(_CachedTexts)


def read_texts(bot: str) -> EditedTexts:
    """Return the edited texts of a bot, at most ten seconds old. This may run a query.

    If the database does not answer, return the last known texts; with CHAT_REQUEST_ISOLATION,
    return UNEDITED.
    """
    if conf.CHAT_REQUEST_ISOLATION:
        return _read_for_request(bot)
    cached = _cache()
    if not cached.is_fresh:
        renew_texts()
    return cached.texts.get(bot, UNEDITED)


def cached_texts(bot: str) -> EditedTexts:
    """Return the edited texts of a bot for a page, without any query on the page's thread.

    If the texts are older than ten seconds, another thread reads them again. Only the first page
    of a process waits for this thread, at most FIRST_WAIT. With CHAT_REQUEST_ISOLATION, the page's
    thread runs one query, except in async views. With SQLite in memory, only the texts that
    `read_texts` has cached are returned.
    """
    if conf.CHAT_REQUEST_ISOLATION:
        return _read_for_request(bot)
    cached = _cache()
    if not cached.is_fresh and not _is_in_memory():
        is_first, cached.read_at = cached.read_at is None, time.monotonic()
        _run_on_thread(_renew_on_thread, wait=FIRST_WAIT if is_first else 0)
    return cached.texts.get(bot, UNEDITED)


def _read_for_request(bot: str) -> EditedTexts:
    """Return the texts in the database of this request, such as its tenant's.

    Return UNEDITED if the database does not answer, or not in time.
    """
    results: list[EditedTexts] = []

    def read() -> None:
        with database.atomic():
            row = newest_version(bot)
        results.append(UNEDITED if row is None else EditedTexts.of(row))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        _read_or_log(read)
    else:  # an async view draws the page: Django refuses queries on this thread
        work = partial(_read_or_log, read, close=True)
        _run_on_thread(in_callers_context(work), wait=FIRST_WAIT)
    return results[0] if results else UNEDITED


def _run_on_thread(read: Callable[[], None], *, wait: float) -> None:
    """Call `read` on another thread, and wait for it, at most `wait` seconds.

    If no thread can start, the page is drawn with the texts that are known.
    """
    try:
        thread = start_daemon(read, "sitechat-texts")
    except PoolFull:
        logger.warning("No thread could start to read edited texts; a later page tries again")
    else:
        thread.join(wait)


def _read_or_log(read: Callable[[], None], *, close: bool = False) -> None:
    """Call `read`, and log an error of the database. `close` closes the connection afterwards."""
    try:
        read()
    except DatabaseError:
        logger.warning(
            "Edited texts can't be read, so the texts of the settings are used", exc_info=True
        )
    finally:
        if close:
            with suppress(Exception):
                connections[database.alias()].close()


def renew_texts() -> None:
    """Read the texts of all bots. If the database does not answer, keep the last known texts."""
    cached = _cache()
    cached.read_at = time.monotonic()  # set first, so that other threads do not read them too
    try:
        with database.atomic():  # a failed query would break the transaction around it
            rows = newest_versions()
    except DatabaseError:
        logger.warning("Edited texts can't be read, so the last known ones are used", exc_info=True)
        return
    cached.texts = MappingProxyType({row.bot: EditedTexts.of(row) for row in rows})


def forget() -> None:
    """Forget the texts that this process has read."""
    cached = _cache()
    cached.texts, cached.read_at = MappingProxyType({}), None


def newest_version(bot: str) -> BotTexts | None:
    """Return the current version of a bot's edited texts from the database, or None if unedited."""
    return BotTexts.objects.filter(bot=bot).order_by("-pk").first()


def add_version(row: BotTexts, *, after: BotTexts | None) -> bool:
    """Store a new version, unless someone else has stored one in the meantime.

    Args:
        row: The new version.
        after: The version that was edited; None for the first version.

    Returns:
        Whether the new version was stored.
    """
    with database.atomic():
        # Lock first: if two versions are saved at the same time, the second one sees the first.
        Job.objects.bulk_create([Job(name=LOCK_NAME)], ignore_conflicts=True)
        Job.objects.filter(pk=LOCK_NAME).update(ran=timezone.now())
        current = newest_version(row.bot)
        if (current and current.pk) != (after and after.pk):
            return False
        row.save(force_insert=True)
    return True


def newest_versions() -> list[BotTexts]:
    """Return the current versions, one for each bot that was edited."""
    ids = BotTexts.objects.order_by().values("bot").annotate(last=Max("pk"))
    return list(BotTexts.objects.filter(pk__in=[row["last"] for row in ids]).order_by("bot"))


def _renew_on_thread() -> None:
    """Call `renew_texts`, and close the connection of this thread. Raise nothing."""
    try:
        renew_texts()
    except Exception:  # such as in tests of pages without a database
        logger.debug("Edited texts can't be read", exc_info=True)
    finally:
        with suppress(Exception):
            connections[database.alias()].close()


def _is_in_memory() -> bool:
    """Return whether the database is SQLite in memory, as in tests. There readers block writers."""
    connection = connections[database.alias()]
    return connection.vendor == "sqlite" and bool(getattr(connection, "is_in_memory_db", bool)())
