"""Ask Claude's API which models exist, and what each of them supports."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sitechat import claude
from sitechat.claude.request import FALLBACKS_BETA

if TYPE_CHECKING:
    from anthropic.types import ModelInfo


@dataclass(frozen=True)
class ListedModels:
    """The models that the API lists."""

    ids: list[str] = field(default_factory=list)
    infos: Mapping[str, ModelInfo] = field(default_factory=dict)
    """Details by the name that a bot uses. A model that does not exist is missing."""
    problem: str = ""
    """The name of the exception if the API does not list its models, else ""."""


async def list_models(models: list[str]) -> ListedModels:
    """Ask the API for its list of models, and for the other models that the bots use.

    Args:
        models: The names that the bots use. They can be aliases of listed names.
    """
    try:
        client = await claude.current_client()
        listed = await _all_models(client)
        infos = {}
        for model in models:
            info = listed.get(model) or await _find_by_alias(client, model)
            if info is not None:
                infos[model] = info
    except Exception as error:  # a compatible server or client may not support this call
        return ListedModels(problem=type(error).__name__)
    return ListedModels([*listed], infos)


async def _all_models(client: Any) -> dict[str, Any]:
    """Return the models by id, each with its fallback models if the API reports them."""
    listed = {info.id: info async for info in client.models.list(limit=1000)}
    with suppress(Exception):  # a server that knows no betas
        models = client.beta.models.list(limit=1000, betas=[FALLBACKS_BETA])
        listed |= {info.id: info async for info in models}
    return listed


async def _find_by_alias(client: Any, model: str) -> ModelInfo | None:
    import anthropic

    try:
        info: ModelInfo = await client.models.retrieve(model)
    except anthropic.NotFoundError:
        return None
    return info


def supported(info: ModelInfo, *path: str) -> bool | None:
    """Return whether the model has a capability; None if the API does not report it."""
    value: Any = getattr(info, "capabilities", None)
    for name in path:
        value = getattr(value, name, None)
    return getattr(value, "supported", None)
