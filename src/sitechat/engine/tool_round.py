"""Run one round of tools: the calls of one answer of Claude, one after the other.

`driver` calls `run_tools`, and then `next_request` for the request with the results.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

from sitechat.claude.answer_parts import ToolCall
from sitechat.claude.request import Request
from sitechat.engine import reservations, settlement, tool_rows
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.thread_pools import NoToolThread, Steps
from sitechat.engine.tool_interface import (
    Decision,
    PreparedCall,
    ToolRefused,
    ToolResult,
    ToolRound,
    Tools,
    UsedTool,
)
from sitechat.models import ToolState
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")

PREPARE_TIMEOUT = 10.0
"""Maximum seconds of the validation of a call, which may run code of the site's own types."""

MAX_CALLS = 16
"""The maximum number of tool calls that one reply starts."""

# What Claude reads instead of a result.

TOO_MANY = "No further tool can be called for this message. Answer from what you have."

NO_THREAD = "The tool is not available at present. Answer from what you have."

NOT_VALIDATED = (
    "The tool was not run, as its arguments could not be checked in time. Answer from what you "
    "have."
)

TOO_SLOW = (
    "The tool took too long, and its result is not known. It may have done its work or not. "
    "Answer from what you have."
)

DECLINED = (
    "The visitor did not agree, so the tool was not run. Do not call it again for this message."
)

NOBODY_TO_ASK = "The tool was not run, as there is no visitor who could agree."

NOT_RUN = "The tool was not run, as it can't be confirmed any more that the visitor agreed."

MAX_NAME = 64
"""The maximum length of a tool's name that is stored."""


async def run_tools(
    live: LiveReply, tools: Tools, tool_round: ToolRound, steps: Steps
) -> PreparedCall | None:
    """Run the tools that Claude called, one after the other, from the first without a result.

    Returns:
        The call for which the visitor must be asked before the round continues; None at its end.
    """
    with live.without_timeout():  # tools have their own time limits
        for call in tool_round.calls[len(tool_round.results) :]:
            decision, live.decision = live.decision, None
            sent = tool_round.passages_sent
            result = await _result_of(live, tools, call, sent, steps, decision)
            if isinstance(result, PreparedCall):
                return result
            tool_round.results.append(result)
    return None


async def _result_of(
    live: LiveReply,
    tools: Tools,
    call: ToolCall,
    passages_sent: int,
    steps: Steps,
    decision: Decision | None,
) -> ToolResult | PreparedCall:
    """Run a call. Return its result, or the call itself if the visitor must be asked first.

    Args:
        live: The reply.
        tools: The tools of the reply.
        call: The call, as Claude wrote it.
        passages_sent: The number of passages that Claude has got before.
        steps: Runs the tool and the database work.
        decision: The visitor's decision about this call; None if the visitor was not asked.
    """
    if live.tool_calls >= MAX_CALLS:
        return ToolResult.of_failure(TOO_MANY)
    if decision is not None and not decision.approved:
        return ToolResult.of_failure(DECLINED)
    used = UsedTool(call.name[:MAX_NAME], call.input, ToolState.REFUSED)
    prepared = await _prepare(tools, call, steps)
    if isinstance(prepared, ToolResult):
        if decision is None:
            live.tool_uses.append(used)
        return prepared
    if prepared.question and decision is None:
        return ToolResult.of_failure(NOBODY_TO_ASK) if live.conversation_id is None else prepared
    run = partial(prepared.run, passages_sent)
    if decision is None:
        live.tool_uses.append(used)
    elif await steps.database(partial(tool_rows.claim, decision)):
        run = partial(tool_rows.run_and_record, decision.use, run)
    else:
        return ToolResult.of_failure(NOT_RUN)
    live.tool_calls += 1
    live.reply.set_phase(prepared.phase, prepared.status)
    live.wake()
    try:
        result = await _run(steps, call.name, run, prepared.timeout, used)
    except NoToolThread:
        if decision is not None:
            await steps.database(partial(tool_rows.record_refused, decision.use))
        return _without_thread(call)
    if result.offer:
        live.reply.offer = result.offer
        live.wake()
    return result


async def _prepare(tools: Tools, call: ToolCall, steps: Steps) -> PreparedCall | ToolResult:
    """Validate a call. Return the result for Claude if the call can't be run."""
    try:
        work = steps.tool(call.name, partial(tools.prepare, call))
        return await asyncio.wait_for(work, PREPARE_TIMEOUT)
    except ToolRefused as refused:
        return ToolResult.of_failure(str(refused))
    except NoToolThread:
        return _without_thread(call)
    except asyncio.TimeoutError:
        logger.error(
            "The tool %s was not run: the validation of its arguments took longer than %s s",
            call.name,
            PREPARE_TIMEOUT,
        )
        return ToolResult.of_failure(NOT_VALIDATED)


def _without_thread(call: ToolCall) -> ToolResult:
    """Log that no thread was free for a call; return the result for Claude."""
    logger.error("The tool %s was not run: too many calls are running or hang", call.name)
    return ToolResult.of_failure(NO_THREAD)


async def _run(
    steps: Steps, name: str, run: Callable[[], ToolResult], timeout: float, used: UsedTool
) -> ToolResult:
    """Run a call and record its outcome in `used`, even if the call is cancelled.

    Raises:
        NoToolThread: No thread is free for the call.
    """
    started = monotonic()
    try:
        work = steps.tool(name, run)
        used.state = ToolState.UNKNOWN
        result = await asyncio.wait_for(work, timeout)
        used.state = ToolState.FAILED if result.failed else ToolState.DONE
        used.size = result.size
    except asyncio.TimeoutError:
        logger.error("The tool %s took longer than %s s", name, timeout)
        return ToolResult.of_failure(TOO_SLOW)
    except NoToolThread:
        used.state = ToolState.REFUSED
        raise
    finally:
        used.milliseconds = round((monotonic() - started) * 1000)
    return result


def next_request(live: LiveReply, tool_round: ToolRound, *, last: bool) -> Request | None:
    """Return the request after a tool round, with its maximum cost reserved.

    If this was the last round, or another one does not fit into the limits, the request is a final
    one without tools. The first reservation includes such a request.

    Returns:
        The request. None if the conversation was deleted. Also None if the limits have no room and
        Claude has called tools that were not offered.
    """
    request = _affordable(live, tool_round, last=last)
    settlement.store_tool_uses(live)
    return request if request is not None and reservations.store_cost(live, request) else None


def _affordable(live: LiveReply, tool_round: ToolRound, *, last: bool) -> Request | None:
    """Return a request after a tool round that fits into the limits; None if no request fits."""
    following = tool_round.following()
    if not last and reservations.extend(live, following):
        return following
    final = following.without_tools()
    if reservations.extend(live, final):
        return final
    if not tool_round.request.tools:
        return None
    return tool_round.final(partial(reservations.covers, live))
