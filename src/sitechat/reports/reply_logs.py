"""A log line for each reply, with fields for log searches and without the text of messages.

`receivers` calls `log_reply` when a reply has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from sitechat.models import Message, Usage

logger = get_logger("sitechat.replies")


def log_reply(reply: Message | None, usage: Usage | None) -> None:
    """Log a reply that has ended. The fields are in `extra`, for formatters that write them.

    Args:
        reply: The reply; None if it was deleted.
        usage: The usage of the reply; None if it is not known.
    """
    fields: dict[str, Any] = {"reply": str(reply.pk) if reply is not None else None}
    if usage is not None:
        fields.update(
            command=usage.command,
            bot=usage.bot,
            model=usage.model,
            status=str(usage.status),
            refusal_category=usage.refusal_category,
            request_id=usage.request_id,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            dollars=float(usage.dollars),
            first_token_ms=usage.first_token_ms,
            total_ms=usage.total_ms,
        )
    if reply is not None:
        fields.update(conversation=str(reply.conversation_id), status=str(reply.status))
        error = reply.error if isinstance(reply.error, dict) else {}
        fields.update(error=error.get("error"), ref=error.get("ref"))
    logger.info(
        "Reply %s of bot %s: %s, $%.5f, %s ms",
        fields["reply"] or "of a deleted conversation",
        fields.get("bot", "?"),
        fields.get("status", "?"),
        fields.get("dollars", 0.0),
        fields.get("total_ms", "?"),
        extra=fields,
    )
