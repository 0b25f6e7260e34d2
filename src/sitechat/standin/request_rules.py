"""Validation of requests as in the Messages API. Invalid requests raise `Refused`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sitechat.standin import fallbacks, request_cross_checks, request_shapes, structured_outputs
from sitechat.standin.api_errors import Refused, invalid_request
from sitechat.standin.catalog import EFFORTS, Model, find_model
from sitechat.standin.request_content import Json

VERSIONS = ("2023-06-01", "2026-10-21")
"""The valid values of the header `anthropic-version`, oldest first."""
SAMPLING = ("temperature", "top_p", "top_k")
"""Parameters that only some models and versions accept."""
COUNTING_PARAMETERS = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "cache_control",
        "output_config",
    }
)
"""The parameters that `/v1/messages/count_tokens` always allows.

`_check_fields` also allows `SAMPLING` and, with its beta, `fallbacks`."""
MESSAGE_PARAMETERS = COUNTING_PARAMETERS | {
    "max_tokens",
    "metadata",
    "stream",
    "stop_sequences",
    "service_tier",
    "container",
    "diagnostics",
    "inference_geo",
    "speed",
    "user_profile_id",
}
"""The parameters that `/v1/messages` always allows; `SAMPLING` and `fallbacks` as above."""
SERVICE = {
    "service_tier": ("auto", "standard_only"),
    "inference_geo": ("global", "us"),
    "speed": ("standard", "fast"),
}
"""The valid values of parameters that choose how and where a request runs."""

MAX_MESSAGES = 100_000


def check_headers(headers: dict[str, str]) -> None:
    """Check that the headers, with names in lower case, have an API key and a valid version.

    Raises:
        Refused: The key is missing, or the version is missing or invalid.
    """
    bearer = headers.get("authorization", "")
    key = headers.get("x-api-key") or (bearer[7:].strip() if bearer.startswith("Bearer ") else "")
    if not key:
        raise Refused(
            401, "authentication_error", "Authorization: a Bearer key or x-api-key is required"
        )
    version = headers.get("anthropic-version")
    if not version:
        raise invalid_request("anthropic-version: header is required")
    if version not in VERSIONS:
        raise invalid_request(f'anthropic-version: "{version}" is not a valid version')


def check(
    body: Any,
    version: str = VERSIONS[-1],
    *,
    betas: Collection[str] = (),
    counting: bool = False,
) -> Model:
    """Check the body of a request and return its model.

    Args:
        body: The parsed JSON.
        version: The API version.
        betas: The betas that the headers name.
        counting: Whether the request is for `/v1/messages/count_tokens`, which has fewer fields.

    Raises:
        Refused: The request is invalid.
    """
    if not isinstance(body, dict):
        raise invalid_request("The request body must be a JSON object")
    _check_fields(body, betas, counting)
    model = _find(body["model"])
    if not counting:
        _check_output(body, model)
    _check_sampling(body, version, model)
    effort = _check_effort(body, model)
    _check_thinking(body, model, effort, counting)
    request_shapes.check_system(body.get("system"))
    request_shapes.check_tools(body.get("tools"))
    request_shapes.check_messages(body["messages"], model)
    request_cross_checks.check_tool_choice(body, model)
    if body["messages"][-1]["role"] == "assistant" and not model.prefill:
        raise invalid_request(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    request_cross_checks.check_tool_results(body["messages"])
    request_cross_checks.check_citations(body)
    request_cross_checks.check_breakpoints(body)
    structured_outputs.check_format(body)
    _check_service(body, model)
    fallbacks.check_fallbacks(body, model, lambda attempt: check(attempt, version))
    return model


def _check_fields(body: Json, betas: Collection[str], counting: bool) -> None:
    """Check which parameters there are, and some values that do not depend on the model."""
    required = ("model", "messages") if counting else ("model", "max_tokens", "messages")
    for name in required:
        if name not in body:
            raise invalid_request(f"{name}: Field required")
    allowed = COUNTING_PARAMETERS if counting else MESSAGE_PARAMETERS
    if fallbacks.BETA in betas:
        allowed = allowed | {"fallbacks"}
    for name in body:
        if name not in allowed and name not in SAMPLING:
            raise invalid_request(f"{name}: Extra inputs are not permitted")
    if not isinstance(body["messages"], list):
        raise invalid_request("messages: Input should be a valid list")
    if not body["messages"]:
        raise invalid_request("messages: at least one message is required")
    if len(body["messages"]) > MAX_MESSAGES:
        raise invalid_request(f"messages: at most {MAX_MESSAGES} messages are allowed")
    if not isinstance(body.get("stream", False), bool):
        raise invalid_request("stream: Input should be a valid boolean")
    request_shapes.check_metadata(body.get("metadata"))
    request_shapes.check_stop_sequences(body.get("stop_sequences"))
    request_shapes.check_cache_control(body.get("cache_control"), "cache_control")


def _check_service(body: Json, model: Model) -> None:
    for name, choices in SERVICE.items():
        if body.get(name) not in (None, *choices):
            raise invalid_request(f"{name}: Input should be {' or '.join(map(repr, choices))}")
    if body.get("inference_geo") is not None and model.generation < (4, 6):
        raise invalid_request("inference_geo: not supported for this model")


def _find(name: Any) -> Model:
    if not isinstance(name, str) or not name:
        raise invalid_request("model: Input should be a valid string")
    model = find_model(name)
    if model is None:
        raise Refused(404, "not_found_error", f"model: {name}")
    return model


def _check_output(body: Json, model: Model) -> None:
    limit = body["max_tokens"]
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise invalid_request("max_tokens: Input should be a valid integer")
    if limit < 1:
        raise invalid_request("max_tokens: Input should be greater than or equal to 1")
    if limit > model.max_output:
        raise invalid_request(
            f"max_tokens: {limit} > {model.max_output}, which is the maximum allowed number of "
            f"output tokens for {body['model']}"
        )


def _check_sampling(body: Json, version: str, model: Model) -> None:
    for name in SAMPLING:
        if name not in body:
            continue
        if version == "2026-10-21":
            raise invalid_request(f"{name}: not supported by the API version 2026-10-21")
        if not model.sampling:
            raise invalid_request(f"`{name}` is not supported for this model.")


def _check_effort(body: Json, model: Model) -> str | None:
    """Check `output_config` without its `format`, and return its effort; None if it has none."""
    config = body.get("output_config")
    if config is None:
        return None
    request_shapes.check_object(config, "output_config", {"effort", "format"}, set())
    effort: str | None = config.get("effort")
    if effort is None:
        return None
    if effort not in EFFORTS:
        raise invalid_request(
            f"output_config.effort: Input should be {', '.join(map(repr, EFFORTS))}"
        )
    if effort not in model.efforts:
        raise invalid_request(
            f"output_config.effort: {effort!r} is not supported for this model. "
            f"Supported: {', '.join(model.efforts) or 'none'}."
        )
    return effort


def _check_thinking(body: Json, model: Model, effort: str | None, counting: bool) -> None:
    """Check `thinking`, whose valid values depend on the model and the effort."""
    thinking = body.get("thinking")
    if thinking is None:
        return
    request_shapes.check_object(
        thinking, "thinking", {"type", "budget_tokens", "display"}, {"type"}
    )
    kind = thinking["type"]
    if kind not in model.thinking_types:
        if kind not in ("adaptive", "between_tools", "disabled", "enabled"):
            raise invalid_request(
                "thinking.type: Input should be 'adaptive', 'between_tools', 'disabled' "
                "or 'enabled'"
            )
        raise invalid_request(
            f'"thinking.type.{kind}" is not supported for this model. '
            f"Use one of: {', '.join(model.thinking_types)}."
        )
    if not model.takes_thinking(kind, effort):
        raise invalid_request(
            f'"thinking.type.{kind}" is not supported for this model with an effort above '
            f"{model.thinking_limit!r}."
        )
    if kind != "enabled":
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget < 1024:
        raise invalid_request("thinking.enabled.budget_tokens: Input should be at least 1024")
    if not counting and budget >= body["max_tokens"]:
        raise invalid_request("`max_tokens` must be greater than `thinking.budget_tokens`")
