"""The paths of `chat/`, for code that runs before Django resolves URLs.

`early_admission`, `middleware_queue` and `read_queue` use the paths. The path in the default
URLconf is known from the start. Other hosts, tenants or languages may have another URLconf. Their
paths are known after the first request, because the view of `chat/` adds the path of each request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix

from sitechat.http.api_address import find_endpoint
from sitechat.runtime.per_process import PerProcess

MAX_PATHS = 1000
"""A process that knows this many paths adds no further paths."""


_READ_BELOW = re.compile(r"(.*/)(?:conversations|updates|replies/[^/]+)/")
"""A path below `chat/` from which clients read. The group is the path of `chat/`."""


def path_in_scope(scope: Mapping[str, Any]) -> str:
    """Return the path of an ASGI request, in the form of `request.path_info`."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def is_message(scope: Mapping[str, Any]) -> bool:
    """Return whether an ASGI request sends a message."""
    return scope.get("method") == "POST" and path_in_scope(scope) in chat_paths()


def is_read(scope: Mapping[str, Any]) -> bool:
    """Return whether an ASGI request reads conversations, updates or a reply."""
    if scope.get("method") not in {"GET", "HEAD"}:
        return False
    path = path_in_scope(scope)
    if below := _READ_BELOW.fullmatch(path):
        path = below[1]
    return path in chat_paths()


class ChatPaths:
    """The known paths, in the form of `request.path_info`."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._has_default = False
        """Whether the path in the default URLconf has been looked up."""

    def add(self, request: HttpRequest) -> None:
        """Add the path of a request that has reached the view, unless MAX_PATHS are known."""
        if len(self._paths) < MAX_PATHS:
            self._paths.add(request.path_info)

    def __contains__(self, path: str) -> bool:
        if not self._has_default:
            self._has_default = True
            with suppress(NoReverseMatch):  # not in the default URLconf
                self._paths.add("/" + find_endpoint().removeprefix(get_script_prefix()))
        return path in self._paths


chat_paths = PerProcess(ChatPaths)
"""The paths that this process knows."""
