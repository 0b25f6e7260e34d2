"""The `fallbacks` of a request: other models that answer if the requested one refuses (beta)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sitechat.standin import request_shapes
from sitechat.standin.api_errors import Refused, invalid_request
from sitechat.standin.catalog import Model, find_model
from sitechat.standin.request_content import Json
from sitechat.standin.response_composing import Composed, Part

BETA = "server-side-fallback-2026-07-01"
"""The beta that a request must name in its headers to use `fallbacks`."""
OVERRIDES = ("max_tokens", "output_config", "speed", "thinking")
"""Parameters that an entry of `fallbacks` may change."""
MAX_FALLBACKS = 3
"""The maximum number of models in `fallbacks`."""


def betas_of(headers: dict[str, str]) -> frozenset[str]:
    """Return the betas that the headers name."""
    named = headers.get("anthropic-beta", "").split(",")
    return frozenset(filter(None, map(str.strip, named)))


def check_fallbacks(body: Json, model: Model, check: Callable[[Json], Any]) -> None:
    """Check the `fallbacks` of a request.

    Args:
        body: The request.
        model: The requested model.
        check: Checks the request of one attempt, which must be valid for its model.

    Raises:
        Refused: The fallbacks are malformed, the model does not allow them, a model does not exist,
            or the request of an attempt is invalid for its model.
    """
    given = body.get("fallbacks")
    if given is None or given == "default":
        return
    if not isinstance(given, list) or not given:
        raise invalid_request("fallbacks: Input should be 'default' or a non-empty list")
    if len(given) > MAX_FALLBACKS:
        raise invalid_request(f"fallbacks: at most {MAX_FALLBACKS} models are allowed")
    if not model.fallbacks:
        raise invalid_request(f"'{body['model']}' does not support the `fallbacks` parameter")
    seen = {model.name}
    for index, entry in enumerate(given):
        path = f"fallbacks.{index}"
        request_shapes.check_object(entry, path, {"model", *OVERRIDES}, {"model"})
        target = find_model(entry["model"]) if isinstance(entry["model"], str) else None
        if target is None:
            raise Refused(404, "not_found_error", f"model: {entry['model']}")
        if target.name not in model.fallbacks:
            raise invalid_request(
                f"{path}.model: '{entry['model']}' is not a permitted fallback of "
                f"'{body['model']}'. Permitted: {', '.join(model.fallbacks)}."
            )
        if target.name in seen:
            raise invalid_request(f"{path}.model: each model may be named once")
        seen.add(target.name)
        check(attempts_of(body, model)[index])


def attempts_of(body: Json, model: Model) -> list[Json]:
    """Return the requests to the fallback models in order; an empty list if there are none.

    The value "default" stands for the first fallback that the model allows.
    """
    given = body.get("fallbacks")
    if given == "default":
        given = [{"model": model.fallbacks[0]}] if model.fallbacks else []
    return [_attempt(body, entry) for entry in given or []]


def _attempt(body: Json, entry: Json) -> Json:
    """Return the request to the model of an entry, with the parameters that the entry changes.

    A parameter that the entry sets to None is removed, except for `max_tokens`.
    """
    request = {name: value for name, value in body.items() if name != "fallbacks"}
    target = find_model(entry["model"])
    request["model"] = entry["model"] if target is None else target.name
    for name in OVERRIDES:
        if name not in entry:
            continue
        if entry[name] is not None:
            request[name] = entry[name]
        elif name != "max_tokens":
            request.pop(name, None)
    if target is not None:
        _leave_out_unsupported(request, entry, target)
    return request


def _leave_out_unsupported(request: Json, entry: Json, target: Model) -> None:
    """Remove an effort or `thinking` that the target does not accept, unless the entry sets it."""
    effort = (request.get("output_config") or {}).get("effort")
    if "output_config" not in entry and effort not in (None, *target.efforts):
        request["output_config"] = {
            name: value for name, value in request["output_config"].items() if name != "effort"
        }
    kind = (request.get("thinking") or {}).get("type")
    if "thinking" not in entry and kind not in (None, *target.thinking_types):
        del request["thinking"]


def join_attempts(first: Composed, second: Composed, requested: str, target: str) -> Composed:
    """Combine a refused attempt and the attempt after it into one answer.

    Args:
        first: The refused answer.
        second: The answer of the next model.
        requested: The model that refused.
        target: The next model.
    """
    boundary = {
        "from": {"model": requested},
        "to": {"model": target},
        "trigger": {"type": "refusal", "category": (first.stop_details or {}).get("category")},
    }
    return Composed(
        [*first.parts, Part("fallback", [], boundary), *second.parts],
        second.stop_reason,
        second.stop_sequence,
        second.output_tokens,
        second.thinking_tokens,
        second.stop_details,
    )


def iterations_of(attempts: list[tuple[str, Json]]) -> list[Json]:
    """Return `usage.iterations` for the models and usages of all attempts."""
    last = len(attempts) - 1
    return [
        {"type": "fallback_message" if index == last else "message", "model": name, **usage}
        for index, (name, usage) in enumerate(attempts)
    ]
