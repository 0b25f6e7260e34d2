"""The paths to which messages are posted, for the middleware, which comes before URLs are resolved.

The view adds each path under which it is called, so that URLconfs of hosts, tenants and languages
are known after their first message.
"""

from __future__ import annotations

from contextlib import suppress

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix

from sitechat.http.endpoint import find_endpoint
from sitechat.runtime.per_process import PerProcess

MAX_PATHS = 1000


class ChatPaths:
    """The paths that one process knows, as in `request.path_info`."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._asked = False

    def add(self, request: HttpRequest) -> None:
        """Learn the path of a request that has reached the view."""
        if len(self._paths) < MAX_PATHS:
            self._paths.add(request.path_info)

    def __contains__(self, path: str) -> bool:
        if not self._asked:
            self._asked = True
            with suppress(NoReverseMatch):  # another URLconf has it
                self._paths.add("/" + find_endpoint().removeprefix(get_script_prefix()))
        return path in self._paths


chat_paths = PerProcess(ChatPaths)
"""Those of this process."""
