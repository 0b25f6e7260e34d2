"""The responses to `GET /v1/models`, as in the API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sitechat.standin.api_errors import Refused, invalid_request
from sitechat.standin.catalog import EFFORTS, MODELS, Model, find_model
from sitechat.standin.fallbacks import BETA

PATH = "/v1/models"
UNKNOWN_DATE = "1970-01-01T00:00:00Z"
"""The `created_at` of all models, because the catalog has no dates."""
LARGEST_PAGE = 1000
"""The maximum of the parameter `limit`."""


def describe(path: str, query: Mapping[str, str], betas: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON for `/v1/models` or a path below it: a page of models, or one model.

    Args:
        path: The path of the request.
        query: Its query. `limit` and `after_id` are used, other parameters are ignored.
        betas: The betas that the headers name. With the beta of `fallbacks`, the models have
            `allowed_fallback_models`.

    Raises:
        Refused: A parameter is invalid, or there is no such model.
    """
    name = path.removeprefix(PATH).strip("/")
    if not name:
        return _page(query, betas)
    model = find_model(name)
    if model is None:
        raise Refused(404, "not_found_error", f"model: {name}")
    return _as_json(model, betas)


def _page(query: Mapping[str, str], betas: Collection[str]) -> dict[str, Any]:
    """Return the models after `after_id`, at most `limit`."""
    limit = query.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= LARGEST_PAGE:
        raise invalid_request(f"limit: must be a number from 1 to {LARGEST_PAGE}")
    names = [*MODELS]
    after = query.get("after_id")
    if after is not None:
        if after not in names:
            raise invalid_request(f"after_id: there is no model {after}")
        names = names[names.index(after) + 1 :]
    page = names[: int(limit)]
    return {
        "data": [_as_json(MODELS[name], betas) for name in page],
        "has_more": len(names) > len(page),
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _as_json(model: Model, betas: Collection[str]) -> dict[str, Any]:
    """Return the description of a model in the form of the API."""
    yes = {"supported": True}
    thinks = model.thinking != "off" or model.generation >= (4, 5)
    types = {
        kind: {"supported": kind in model.thinking_types}
        for kind in ("adaptive", "between_tools", "disabled", "enabled")
    }
    of_beta = {"allowed_fallback_models": [*model.fallbacks]} if BETA in betas else {}
    return {
        **of_beta,
        "type": "model",
        "id": model.name,
        "display_name": model.name.replace("-", " ").title(),
        "created_at": UNKNOWN_DATE,
        "line": model.name.split("-")[1],
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "max_input_tokens": model.context,
        "max_tokens": model.max_output,
        "capabilities": {
            "batch": yes,
            "citations": yes,
            "code_execution": yes,
            "context_management": yes,
            "effort": {
                "supported": bool(model.efforts),
                **{level: {"supported": level in model.efforts} for level in EFFORTS},
            },
            "image_input": yes,
            "pdf_input": yes,
            "server_tools": {"supported": True, "code_execution": yes, "web_search": yes},
            "structured_outputs": yes,
            "thinking": {"supported": thinks, "types": types},
        },
    }
