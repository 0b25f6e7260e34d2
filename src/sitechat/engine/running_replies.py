"""Find and stop the replies that run in this process. `event_loop` starts and runs them."""

from __future__ import annotations

import threading
from collections.abc import Container
from time import monotonic
from uuid import UUID

from sitechat.engine.event_loop import drop_closed, running
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.models import Status

STOP_WITHIN = 2.0
"""Maximum seconds that a stop waits for the end of the reply."""


def find(reply_id: UUID) -> LiveReply | None:
    """Return the reply if it runs in this process, else None."""
    known = running().live.get(reply_id)
    return known[1] if known else None


def live_ids() -> list[UUID]:
    """Return the ids of the replies that this process runs."""
    process = running()
    drop_closed(process)
    return list(process.live)


def is_writing_to(address_identity: str) -> bool:
    """Return whether a reply to an address (`Visitor.ip`) runs in this process."""
    replies = list(running().live.values())
    return any(live.visitor.ip == address_identity for _engine, live in replies)


def stop(reply_id: UUID, at: int | None) -> bool:
    """Stop a reply, and wait at most `STOP_WITHIN` seconds until it is saved or a save has failed.

    Args:
        reply_id: The reply.
        at: Maximum number of characters to keep; None for all.

    Returns:
        Whether the reply ran in this process. If not, nothing was done.
    """
    process = running()
    drop_closed(process)
    known = process.live.get(reply_id)
    if known is None:
        return False
    engine, live = known
    saved = threading.Event()
    wake = saved.set
    live.follow(wake)
    try:
        engine.cancel(live, Ending(Status.STOPPED), at)
        deadline = monotonic() + STOP_WITHIN
        while not live.reply.finished and monotonic() < deadline:
            saved.wait(deadline - monotonic())
            saved.clear()
    finally:
        live.unfollow(wake)
    return True


def end_in_conversations(conversation_ids: Container[UUID]) -> None:
    """Stop the replies of deleted conversations in this process, without waiting for them."""
    for engine, live in list(running().live.values()):
        if live.conversation_id in conversation_ids and not engine.loop.is_closed():
            engine.cancel(live, Ending(Status.STOPPED), 0)
