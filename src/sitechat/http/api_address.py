"""The address of the chat's endpoints in the URLconf that serves the current request."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from django.conf import settings
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_urlconf, reverse

APP_NAMESPACE = "sitechat"
"""The application namespace of `sitechat.urls`."""

_namespaces: WeakKeyDictionary[URLResolver, str | None] = WeakKeyDictionary()
"""The results of `_nested_namespace`."""


def find_endpoint(current_app: str | None = None, urlconf: str | None = None) -> str:
    """Return the path of `chat/`, with the site's URL prefix.

    Args:
        current_app: The namespace of the page, if the site includes the chat more than once.
        urlconf: The URLconf; None for the URLconf that serves the current request.

    Raises:
        NoReverseMatch: The URLconf does not include `sitechat.urls`.
    """
    urlconf = urlconf or get_urlconf()
    try:
        return reverse(f"{APP_NAMESPACE}:chat", urlconf=urlconf, current_app=current_app)
    except NoReverseMatch:
        namespace = _nested_namespace(get_resolver(urlconf))
        if namespace is None:
            raise
        name = f"{namespace}:chat" if namespace else "chat"
        return reverse(name, urlconf=urlconf, current_app=current_app)


def active_urlconf() -> object:
    """Return the URLconf that serves the current request: a module, or its name."""
    return get_urlconf() or settings.ROOT_URLCONF


def _nested_namespace(resolver: URLResolver) -> str | None:
    """Return the full namespace of the first `include` of `sitechat.urls`, which may be nested.

    Returns:
        The namespace; "" if `sitechat.urls` is the whole URLconf; None if the chat is not included.
    """
    if resolver not in _namespaces:
        _namespaces[resolver] = next(_namespaces_in(resolver), None)
    return _namespaces[resolver]


def _namespaces_in(resolver: URLResolver, outer: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the namespaces under which a URLconf includes the chat."""
    if not outer and getattr(resolver.urlconf_module, "app_name", None) == APP_NAMESPACE:
        yield ""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            path = (*outer, pattern.namespace) if pattern.namespace else outer
            if pattern.app_name == APP_NAMESPACE:
                yield ":".join(path)
            else:
                yield from _namespaces_in(pattern, path)
