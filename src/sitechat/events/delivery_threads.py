"""Sending of due deliveries, on a thread for each webhook and one for all other deliveries.

Therefore a slow receiver does not delay the others. A thread ends when no delivery waits. If
requests are isolated, deliveries are sent in the context of a request instead: see `IsolatedLooks`.
`delivery_retries` defines the delays between attempts.
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
"""Number of deliveries that are looked up at once."""

LONGEST_WAIT = 3600.0
"""Maximum seconds that a thread waits before it looks for due deliveries again."""

LOOK_EVERY = 60.0
"""Minimum seconds between two looks for deliveries that other processes have not sent."""

ISOLATED_THREADS = 4
"""Number of threads that send deliveries in the context of requests."""

ISOLATED_LOOKS = 100
"""Maximum number of requests that wait for one of these threads."""

OTHERS = ""
"""The target of all deliveries except those to webhooks in CHAT_WEBHOOKS."""


class DeliveryThread:
    """The thread of a process that sends the deliveries to one target."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._runs = False

    def wait(self, seconds: float) -> bool:
        """Wait until the thread is idle; return whether it is."""
        return self._idle.wait(seconds)

    def wake(self) -> None:
        """Make the thread look for due deliveries soon."""
        with self._lock:
            self._news.set()
            self._idle.clear()
            if not self._runs:
                try:
                    start_daemon(self._run, "sitechat-deliveries")
                except PoolFull:
                    self._idle.set()
                    logger.warning("No thread could start to send deliveries; a later one will")
                else:
                    self._runs = True

    def _run(self) -> None:
        while True:
            self._news.clear()
            self._idle.clear()
            wait = self._look()
            with self._lock:
                if not self._news.is_set():
                    self._idle.set()
                    if wait is None:
                        self._runs = False
                        return
            self._news.wait(wait)

    def _look(self) -> float | None:
        """Send due deliveries.

        Returns:
            The seconds until the next attempt; None if no delivery waits.
        """
        close_old_connections()
        try:
            deliver_due(target=self._target)
            return _seconds_until_next(self._target)
        except Exception:  # such as a database that does not answer, or lacks the table
            logger.exception("Deliveries could not be sent")
            return None
        finally:
            close_connections()


class DeliveryThreads:
    """The threads of a process, by target."""

    def __init__(self) -> None:
        self._threads: dict[str, DeliveryThread] = {}
        self._lock = threading.Lock()
        self._woken: float | None = None

    def wake(self) -> None:
        """Make all threads look for due deliveries soon."""
        if conf.CHAT_REQUEST_ISOLATION:
            _isolated().look()
            return
        with self._lock:
            self._woken = monotonic()
            for target in (OTHERS, *(hook.url for hook in webhooks())):
                if target not in self._threads:
                    self._threads[target] = DeliveryThread(target)
                self._threads[target].wake()

    def wait(self, seconds: float) -> bool:
        """Wait until all threads are idle; return whether they are."""
        return all(thread.wait(seconds) for thread in list(self._threads.values()))

    def wake_sometimes(self) -> None:
        """Wake the threads, unless they were woken within the last `LOOK_EVERY` seconds.

        If requests are isolated, they are always woken: no other thread knows the tenant.
        """
        is_due = self._woken is None or monotonic() - self._woken > LOOK_EVERY
        if is_due or conf.CHAT_REQUEST_ISOLATION:
            self.wake()


class IsolatedLooks:
    """Threads that send due deliveries with the context variables of a request.

    The variables may choose a tenant's database or schema, so one thread can't serve all tenants.
    """

    def __init__(self) -> None:
        self._threads = DaemonThreads(ISOLATED_THREADS, "sitechat-deliveries")
        self._waiting = threading.Semaphore(ISOLATED_LOOKS)

    def look(self) -> None:
        """Send due deliveries soon. If too many calls wait already, a later one sends them."""
        if self._waiting.acquire(blocking=False):
            try:
                self._threads.submit(in_callers_context(self._look))
            except PoolFull:
                self._waiting.release()
                logger.warning("No thread could start to send deliveries; a later one will")

    def _look(self) -> None:
        self._waiting.release()
        close_old_connections()
        try:
            deliver_due()
        except Exception:
            logger.exception("Deliveries could not be sent")
        finally:
            close_connections()


_isolated = PerProcess(IsolatedLooks)

threads = PerProcess(DeliveryThreads)
"""The threads of this process, unless requests are isolated."""


def wake() -> None:
    """Send due deliveries soon, on other threads."""
    if not database.in_transaction():  # other threads would not see the rows of a test
        threads().wake()


def wake_sometimes() -> None:
    """Send deliveries that other processes have not sent, unless this process has just looked."""
    if not database.in_transaction():
        threads().wake_sometimes()


def deliver_due(within: float | None = None, *, target: str | None = None) -> int:
    """Send due deliveries on this thread.

    Args:
        within: Seconds after which no further attempt begins; None for no limit.
        target: The address of a webhook, or `OTHERS`; None for all deliveries.

    Returns:
        The number of attempts.
    """
    deadline = None if within is None else monotonic() + within
    attempts = 0
    while True:
        rows = _to(target).due(timezone.now()).order_by("due")
        due = list(rows.values_list("pk", flat=True)[:BATCH])
        claimed_any = False
        for pk in due:
            if deadline is not None and monotonic() > deadline:
                return attempts
            delivery = delivery_retries.claim(pk)
            if delivery is not None:
                claimed_any = True
                attempts += 1
                delivery_retries.attempt(delivery)
        if not claimed_any:
            return attempts


def _to(target: str | None) -> DeliveryQuerySet:
    rows = Delivery.objects.all()
    if target is None:
        return rows
    if target == OTHERS:
        urls = [hook.url for hook in webhooks()]
        return rows.exclude(kind=Delivery.Kind.WEBHOOK, target__in=urls)
    return rows.filter(kind=Delivery.Kind.WEBHOOK, target=target)


def _seconds_until_next(target: str) -> float | None:
    """Return the seconds until the next attempt, from 1 to `LONGEST_WAIT`; None if none waits."""
    due = _to(target).waiting().order_by("due").values_list("due", flat=True).first()
    if due is None:
        return None
    return min(max(1.0, (due - timezone.now()).total_seconds()), LONGEST_WAIT)
