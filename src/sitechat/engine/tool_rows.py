"""The rows of tool calls.

Calls that the visitor agreed to are stored before they run, so that they never run twice. Other
calls are stored when their round has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from sitechat.engine.live_reply import LiveReply
from sitechat.engine.tool_interface import AskedCall, Decision, ToolResult
from sitechat.models import Handoff, HandoffState, Message, ToolState, ToolUse
from sitechat.models.tool_uses import BY_PERSON
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger
from sitechat.safe_text import storable
from sitechat.tools.confirmation_questions import OPEN_FOR

logger = get_logger("sitechat.engine")


def claim(decision: Decision) -> bool:
    """Store that a call starts or, if it is not allowed any more, that it was refused.

    This is committed before the call runs.

    Returns:
        Whether the call may run: only once, and only for the user who was asked.
    """
    allowed = decision.still_allowed()
    rows = ToolUse.objects.filter(pk=decision.use, state=ToolState.APPROVED)

    def start() -> int:
        with database.atomic():
            return rows.update(state=ToolState.STARTED if allowed else ToolState.REFUSED)

    return allowed and bool(database.retry(start))


def run_and_record(use: UUID, run: Callable[[], ToolResult]) -> ToolResult:
    """Run a claimed call, store its outcome, and return its result.

    The outcome is stored even if nobody waits for the result any more.
    """
    started = monotonic()
    result = run()
    milliseconds = round((monotonic() - started) * 1000)
    state = ToolState.FAILED if result.failed else ToolState.DONE
    try:
        _record(use, state=state, result_size=result.size, milliseconds=milliseconds)
    except Exception:
        # The call has run, so the reply continues. The row will say that the outcome is unknown.
        logger.exception("The outcome of the tool call %s could not be stored", use)
    return result


def record_refused(use: UUID) -> None:
    """Store that a claimed call was not run after all."""
    _record(use, state=ToolState.REFUSED)


def _record(use: UUID, **changes: Any) -> None:
    started = ToolUse.objects.filter(pk=use, state__in=[ToolState.STARTED, ToolState.UNKNOWN])
    database.retry(lambda: started.update(**changes))


def end_calls(reply: Message | UUID) -> bool:
    """Store the states of the confirmed calls of a reply that ends.

    A call that has not started was refused. The outcome of a call that is running is unknown.

    Returns:
        Whether the outcome of a call is unknown.
    """
    pk = reply.pk if isinstance(reply, Message) else reply
    uses = ToolUse.objects.filter(reply_id=pk)
    uses.filter(state=ToolState.APPROVED).update(state=ToolState.REFUSED)
    return bool(uses.filter(state=ToolState.STARTED).update(state=ToolState.UNKNOWN))


def question_row(asked: AskedCall) -> dict[str, Any]:
    """Return the question to the visitor, as the value of `Message.confirm`."""
    return {
        "id": str(uuid4()),
        "tool": asked.name,
        "text": asked.question,
        "until": (timezone.now() + OPEN_FOR).timestamp(),
    }


def store_question(live: LiveReply) -> None:
    """Store the call that waits for the visitor. Call this with the conversation locked.

    If a person has joined, the visitor is not asked, because the bot would continue afterwards. The
    call is then declined, and `live.question` becomes None.
    """
    asked = live.ending.asked if live.ending is not None else None
    if asked is None or live.question is None:
        return
    ToolUse.objects.create(
        pk=live.question["id"],
        reply_id=live.id,
        name=asked.name,
        arguments=_as_json(asked.arguments),
        state=ToolState.ASKED,
        question=asked.question,
        user=live.account,
        continuation=asked.continuation,
    )
    if Handoff.objects.filter(pk=live.conversation_id, state=HandoffState.JOINED).exists():
        asking = ToolUse.objects.filter(pk=live.question["id"])
        asking.close(ToolState.DECLINED, by=BY_PERSON)
        Message.objects.filter(pk=live.id).update(confirm=None)
        live.question = None


def store_calls(live: LiveReply) -> None:
    """Store the calls that are not stored yet. Call this with the conversation locked."""
    ToolUse.objects.bulk_create(
        ToolUse(
            reply_id=live.id,
            name=storable(use.name),
            arguments=_as_json(use.arguments),
            state=use.state,
            result_size=use.size,
            milliseconds=use.milliseconds,
            user=live.account,
        )
        for use in live.tool_uses
    )


def _as_json(arguments: Mapping[str, Any]) -> str:
    return storable(json.dumps(arguments, ensure_ascii=False))
