"""Drive one reply: call Claude, run the tools that it calls, and save the end.

`event_loop` runs `run_reply` as the task of a reply. `reports.asking_bots` calls `converse_in_time`
for questions of commands and the admin, whose replies have no row.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import inf
from time import monotonic

from django.utils.translation import gettext_lazy as _

from sitechat import claude
from sitechat.claude.failures import NoText, Silent, explain
from sitechat.claude.request import Request
from sitechat.engine import fallback_model, reservations, settlement
from sitechat.engine.answer_writer import AnswerWriter
from sitechat.engine.continuation import Continuation, dump
from sitechat.engine.live_reply import Ending, LiveReply
from sitechat.engine.thread_pools import Steps
from sitechat.engine.tool_interface import AskedCall, ToolRound
from sitechat.engine.tool_round import next_request, run_tools
from sitechat.errors import Interrupted, Refused, ReplyError, ServerError
from sitechat.models import Status
from sitechat.runtime.safe_logging import get_logger
from sitechat.safe_text import is_blank

logger = get_logger("sitechat.engine")

PREPARES_WITHIN = 60.0
"""Maximum seconds for loading the SDK. This time does not count toward `Chatbot.timeout`."""

CHECK_INTERVAL = 0.5
"""Seconds between two checks of the deadline, which moves while Claude writes."""

SAVE_AGAIN = 2.0
"""Seconds until a failed save of a reply is retried."""

CUT_AT = Decimal("0.95")
"""The share of a reply's reservation that may be spent if it can't be extended. The rest is for
the text that Claude still writes after its answer is cut off."""

TOOL_STOPS = frozenset({"tool_use", "end_turn"})
"""Stop reasons of answers whose tool calls run. Some compatible servers say `end_turn`."""

STATUS_OF_STOP = {
    "max_tokens": Status.TRUNCATED,
    "model_context_window_exceeded": Status.TRUNCATED,
    "refusal": Status.REFUSED,
}
"""The status of a reply by Claude's stop reason; COMPLETE for all others."""


async def converse(live: LiveReply, steps: Steps) -> Ending:
    """Let Claude write the reply, and return its end. Raise nothing except a cancellation."""
    try:
        await _prepare(live)
        outcome = await _write_answer(live, steps)
    except ReplyError as error:
        return Ending.of_error(live.reply, error)
    except Exception:
        ref = secrets.token_hex(4)
        logger.exception("Reply %s failed, ref %s", live.id, ref, extra={"ref": ref})
        return Ending.of_error(live.reply, ServerError(ref=ref))
    return outcome if isinstance(outcome, Ending) else _ending_after(live, outcome)


async def _write_answer(live: LiveReply, steps: Steps) -> claude.Call | Ending:
    """Call Claude, and run the tools that it calls, until the answer is complete.

    Returns:
        The last call of Claude, or an `Ending` if the reply ends for another reason.

    Raises:
        ReplyError: Claude has failed, and no fallback model can answer.
    """
    request: Request | None = live.request
    rounds = 0
    if live.continuation is not None:
        rounds = live.continuation.rounds
        following = await _after_tools(live, live.continuation.round, rounds, steps)
        if isinstance(following, Ending):
            return following
        if following is None:  # the conversation was deleted
            return Ending(Status.STOPPED)
        request = following
    while request is not None:
        try:
            call, is_cut = await _listen(live, request, steps)
        except ReplyError as error:
            request = await fallback_model.after_error(live, request, error, steps)
            if request is None:
                raise
            continue
        if is_cut:
            return Ending(Status.TRUNCATED)
        if call.in_us:
            request = replace(request, in_us=True)
        second = await fallback_model.after_refusal(live, request, call, steps)
        if second is not None:
            request = second
            continue
        if call.handed_over:
            request = request.to_fallback()
        calls_tools = call.stop_reason in TOOL_STOPS and request.may_use_tools
        if not (calls_tools and call.tool_calls and live.tools):
            break
        rounds += 1
        used = ToolRound(request, call.content, call.tool_calls)
        following = await _after_tools(live, used, rounds, steps)
        if isinstance(following, Ending):
            return following
        request = following
    return call


def _ending_after(live: LiveReply, call: claude.Call) -> Ending:
    """Return the end of a reply after its last call of Claude."""
    status = STATUS_OF_STOP.get(call.stop_reason or "", Status.COMPLETE)
    if status == Status.REFUSED:
        return Ending(status, Refused())
    if is_blank(live.reply.text):
        # Claude may end without any text, for instance if thinking used up all tokens.
        return Ending(Status.FAILED, logged_error(live, NoText(call.stop_reason)))
    return Ending(status)


async def _after_tools(
    live: LiveReply, used: ToolRound, rounds: int, steps: Steps
) -> Request | Ending | None:
    """Run the tools of a round.

    Args:
        live: The reply.
        used: The round.
        rounds: The number of rounds so far, including this one.
        steps: Runs the tools and the database work.

    Returns:
        The next request; None if the conversation was deleted or no request fits into the limits.
        If the visitor must agree to a call first, an `Ending` with this call (`asked`).
    """
    assert live.tools is not None  # noqa: S101 - Claude can only call tools that were offered
    waiting = await run_tools(live, live.tools, used, steps)
    if waiting is not None:
        state = dump(Continuation(used, rounds, live.tool_calls))
        asked = AskedCall(waiting.name, waiting.arguments, waiting.question, state)
        return Ending(Status.COMPLETE, asked=asked)
    last = rounds >= live.bot.max_tool_rounds
    with live.without_timeout():
        request = await steps.database(partial(next_request, live, used, last=last))
    live.reply.begin_round()
    return request


async def converse_in_time(live: LiveReply, steps: Steps, *, until: float = inf) -> Ending:
    """Let Claude write the reply, without an `Engine` that checks its deadline; return its end.

    If Claude is silent for longer than `LiveReply.timeout`, the reply has failed.

    Args:
        live: The reply.
        steps: Runs its database work.
        until: The time (`monotonic`) at which the reply is stopped, even if it is not complete.
    """
    writing = asyncio.get_running_loop().create_task(converse(live, steps))
    try:
        while (left := live.heard_at + live.timeout - monotonic()) > 0:
            left = min(left, until - monotonic(), CHECK_INTERVAL)
            done, _running = await asyncio.wait({writing}, timeout=max(0.0, left))
            if done:
                return writing.result()
            if monotonic() >= until:
                return Ending(Status.STOPPED)
    finally:
        writing.cancel()
        await asyncio.wait({writing})
    return Ending.of_error(live.reply, logged_error(live, Silent(live.timeout)))


async def run_reply(
    live: LiveReply,
    steps: Steps,
    converse: Callable[[LiveReply, Steps], Awaitable[Ending]] = converse,
) -> None:
    """Drive the reply to its end, save it and notify its followers.

    If the save fails, notify them anyway. Then retry the save, unless the event loop ends.

    Args:
        live: The reply.
        steps: Runs its blocking work.
        converse: Writes the reply, and returns its end.
    """
    loop_ends = False
    if live.ending is None:
        live.driving = True
        try:
            ending = await converse(live, steps)
        except asyncio.CancelledError:
            loop_ends = live.ending is None
            ending = Ending(Status.INTERRUPTED, Interrupted())
        live.driving = False
        live.ending = live.ending or ending
    live.reply.close(None)
    while not await _saved(live, steps) and not loop_ends:
        live.reply.set_phase("unsaved", _("This answer could not be saved yet."))
        live.finish_and_wake()
        await asyncio.sleep(SAVE_AGAIN)
    live.finish_and_wake()


async def _saved(live: LiveReply, steps: Steps) -> bool:
    """Save the end of the reply. Return False if the save must be retried.

    Return True also if the database has rejected the end so often that it is never saved.
    """
    try:
        await steps.database(partial(settlement.finish, live))
    except settlement.REJECTED:
        live.rejected_saves += 1
        if live.rejected_saves < settlement.GIVEN_UP_AFTER:
            logger.exception("The database rejected reply %s; the save is retried", live.id)
            return False
        logger.exception("The database rejected reply %s; it will not be saved", live.id)
    except Exception:
        logger.exception("Reply %s could not be saved; the save is retried", live.id)
        return False
    live.is_saved = True
    return True


def logged_error(live: LiveReply, failure: NoText | Silent) -> ReplyError:
    """Log why a reply failed without an error from Claude; return the error for the visitor."""
    request = live.request
    return explain(
        failure, request_id=live.request_id, model=request.model, sent=request.message_texts()
    )


async def _prepare(live: LiveReply) -> None:
    """Load the SDK for the first answer of a process. It does not count as Claude's silence."""
    live.heard_at = monotonic() + PREPARES_WITHIN
    await claude.prepare()
    live.heard_at = monotonic()


async def _listen(live: LiveReply, request: Request, steps: Steps) -> tuple[claude.Call, bool]:
    """Call Claude once and write its answer into the reply. Add its usage, also after an error.

    Returns:
        The call, and whether it was cut off because it would cost more than is reserved.
    """
    call = claude.Call(request)
    holds_enough: bool | None = None
    writer = AnswerWriter(live.reply, request)
    live.begin_call(call)
    try:
        async with aclosing(aiter(call)) as deltas:
            async for delta in deltas:
                live.heard_at = monotonic()
                writer.write(delta)
                if live.first_token is None:
                    live.first_token = live.heard_at
                live.wake()
                if call.in_us:
                    if holds_enough is None:
                        holds_enough = await _hold_more(live, request, steps)
                    if not holds_enough and live.spent.dollars > live.held.dollars * CUT_AT:
                        return call, True
    finally:
        writer.end(call.stop_reason)
        live.end_call()
        live.stop_reason = call.stop_reason or ""
        live.request_id = call.request_id
    return call, False


async def _hold_more(live: LiveReply, request: Request, steps: Steps) -> bool:
    """Reserve the higher price of the US region, if the request was sent without it.

    Returns:
        Whether the reservation now covers the maximum cost of the request.
    """
    in_us = replace(request, in_us=True)
    if reservations.covers(live, in_us):
        return True
    with live.without_timeout():
        return await steps.database(partial(reservations.hold, live, in_us))
