"""Sending of due deliveries, on a thread for each webhook and one for all other deliveries.

The target of a thread is the address of a webhook, or `OTHER_TARGETS`. So a slow receiver does not
delay the others. A thread ends when no delivery to its target waits, or after an error. With
CHAT_REQUEST_ISOLATION, deliveries are sent in the context of a request instead; see
`IsolatedSenders`. `delivery_retries` defines the delays between attempts.
"""

from __future__ import annotations

import threading
from time import monotonic

from django.db import close_old_connections
from django.utils import timezone

from sitechat.conf import conf
from sitechat.events import delivery_retries
from sitechat.events.webhooks import webhooks
from sitechat.models import Delivery, DeliveryQuerySet
from sitechat.runtime import database
from sitechat.runtime.daemon_threads import (
    DaemonThreads,
    PoolFull,
    in_callers_context,
    start_daemon,
)
from sitechat.runtime.database_connections import close_connections
from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.events")

BATCH = 20
"""Maximum number of deliveries that are read at once."""

MAX_WAIT = 3600.0
"""Maximum seconds that a thread waits before it reads due deliveries again."""

MIN_WAKE_INTERVAL = 60.0
"""Minimum seconds between two searches for deliveries that other processes have not sent."""

ISOLATED_THREADS = 4
"""Number of threads that send deliveries in the context of requests."""

MAX_ISOLATED_CALLS = 100
"""Maximum number of calls of `IsolatedSenders.send_soon` that wait for one of these threads."""

OTHER_TARGETS = ""
"""The target of all deliveries except those to webhooks in CHAT_WEBHOOKS."""


class DeliveryThread:
    """The thread of a process that sends the deliveries to one target."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._woken_event = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._is_running = False

    def wait(self, seconds: float) -> bool:
        """Wait until the thread is idle, at most `seconds`; return whether it is idle."""
        return self._idle.wait(seconds)

    def wake(self) -> None:
        """Make the thread send due deliveries soon. Start it if it is not running.

        If no thread can start, only log this.
        """
        with self._lock:
            self._woken_event.set()
            self._idle.clear()
            if not self._is_running:
                try:
                    start_daemon(self._run, "sitechat-deliveries")
                except PoolFull:
                    self._idle.set()
                    logger.warning(
                        "No thread can start to send deliveries; a later one will send them"
                    )
                else:
                    self._is_running = True

    def _run(self) -> None:
        """Send due deliveries, and wait for the next ones. End when `_send_due` returns None."""
        while True:
            self._woken_event.clear()
            self._idle.clear()
            wait = self._send_due()
            with self._lock:
                if not self._woken_event.is_set():
                    self._idle.set()
                    if wait is None:
                        self._is_running = False
                        return
            self._woken_event.wait(wait)

    def _send_due(self) -> float | None:
        """Send due deliveries.

        Returns:
            The seconds until the next attempt; None if no delivery waits, or after an error.
        """
        close_old_connections()
        try:
            deliver_due(target=self._target)
            return _seconds_until_next(self._target)
        except Exception:  # for example if the database does not answer or has no such table
            logger.exception("Deliveries could not be sent")
            return None
        finally:
            close_connections()


class DeliveryThreads:
    """The threads of a process, by target."""

    def __init__(self) -> None:
        self._threads: dict[str, DeliveryThread] = {}
        self._lock = threading.Lock()
        self._last_wake: float | None = None

    def wake(self) -> None:
        """Make all threads send due deliveries soon, and create the missing threads.

        With CHAT_REQUEST_ISOLATION, a thread of `IsolatedSenders` sends them.
        """
        if conf.CHAT_REQUEST_ISOLATION:
            _isolated().send_soon()
            return
        with self._lock:
            self._last_wake = monotonic()
            for target in (OTHER_TARGETS, *(hook.url for hook in webhooks())):
                if target not in self._threads:
                    self._threads[target] = DeliveryThread(target)
                self._threads[target].wake()

    def wait(self, seconds: float) -> bool:
        """Wait until all threads are idle, at most `seconds` for each; return whether all are."""
        return all(thread.wait(seconds) for thread in list(self._threads.values()))

    def wake_sometimes(self) -> None:
        """Wake the threads, unless they were woken within the last `MIN_WAKE_INTERVAL` seconds.

        With CHAT_REQUEST_ISOLATION, always wake them, because no other thread knows the tenant.
        """
        is_due = self._last_wake is None or monotonic() - self._last_wake > MIN_WAKE_INTERVAL
        if is_due or conf.CHAT_REQUEST_ISOLATION:
            self.wake()


class IsolatedSenders:
    """Threads that send due deliveries with the context variables of a request.

    The variables may select a tenant's database or schema, so one thread can't serve all tenants.
    """

    def __init__(self) -> None:
        self._threads = DaemonThreads(ISOLATED_THREADS, "sitechat-deliveries")
        self._waiting = threading.Semaphore(MAX_ISOLATED_CALLS)

    def send_soon(self) -> None:
        """Send due deliveries soon.

        If too many calls wait, or no thread can start, a later call sends them.
        """
        if self._waiting.acquire(blocking=False):
            try:
                self._threads.submit(in_callers_context(self._send))
            except PoolFull:
                self._waiting.release()
                logger.warning("No thread can start to send deliveries; a later one will send them")

    def _send(self) -> None:
        self._waiting.release()
        close_old_connections()
        try:
            deliver_due()
        except Exception:
            logger.exception("Deliveries could not be sent")
        finally:
            close_connections()


_isolated = PerProcess(IsolatedSenders)

threads = PerProcess(DeliveryThreads)
"""The threads of this process. With CHAT_REQUEST_ISOLATION, `IsolatedSenders` works instead."""


def wake() -> None:
    """Send due deliveries soon, on other threads. Do nothing inside a transaction."""
    if not database.in_transaction():  # other threads can't see uncommitted rows
        threads().wake()


def wake_sometimes() -> None:
    """Send due deliveries soon, on other threads, at most once a minute.

    This is for deliveries that a process has stored but not sent. Inside a transaction, do nothing.
    With CHAT_REQUEST_ISOLATION, send them at each call.
    """
    if not database.in_transaction():
        threads().wake_sometimes()


def deliver_due(within: float | None = None, *, target: str | None = None) -> int:
    """Send due deliveries on this thread.

    Args:
        within: Seconds after which no further attempt begins; None for no limit.
        target: The address of a webhook, or `OTHER_TARGETS`; None for all deliveries.

    Returns:
        The number of attempts.
    """
    deadline = None if within is None else monotonic() + within
    attempts = 0
    while True:
        rows = _deliveries_to(target).due(timezone.now()).order_by("due")
        due = list(rows.values_list("pk", flat=True)[:BATCH])
        claimed_any = False
        for pk in due:
            if deadline is not None and monotonic() > deadline:
                return attempts
            delivery = delivery_retries.claim(pk)
            if delivery is not None:
                claimed_any = True
                attempts += 1
                delivery_retries.send_claimed(delivery)
        if not claimed_any:
            return attempts


def _deliveries_to(target: str | None) -> DeliveryQuerySet:
    """Return the deliveries to a target (see `deliver_due`), in any state."""
    rows = Delivery.objects.all()
    if target is None:
        return rows
    if target == OTHER_TARGETS:
        urls = [hook.url for hook in webhooks()]
        return rows.exclude(kind=Delivery.Kind.WEBHOOK, target__in=urls)
    return rows.filter(kind=Delivery.Kind.WEBHOOK, target=target)


def _seconds_until_next(target: str) -> float | None:
    """Return the seconds until the next attempt, from 1 to `MAX_WAIT`.

    Return None if no delivery to the target waits.
    """
    due = _deliveries_to(target).waiting().order_by("due").values_list("due", flat=True).first()
    if due is None:
        return None
    return min(max(1.0, (due - timezone.now()).total_seconds()), MAX_WAIT)
