"""Check that the site's templates contain the chat, and that its URLs can be used."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.template import engines
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve
from django.utils.translation import gettext as _

from sitechat.http.api_address import find_endpoint
from sitechat.http.lazy_patterns import deferred_endpoint

OWN_TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

MAX_TEMPLATE_SIZE = 1_000_000
"""Maximum bytes of a template file. A longer file counts as one without the chat."""

COMMENTS = re.compile(
    r"\{#.*?#\}|<!--.*?-->|\{%-?\s*comment\b.*?\bendcomment\b|\{%-?\s*verbatim\b.*?\bendverbatim\b"
    r"|\{%-?\s*raw\b.*?\bendraw\b",
    re.DOTALL,
)
"""Comments of templates and HTML, and blocks that templates show without evaluating them."""

ELEMENT = re.compile(r"\{%-?\s*chat_(?:widget|page)\b|\{\{[^}]*\bchat_widget\s*\(|<site-chat[\s>]")
"""The tags of Django templates, the function of Jinja2 templates, or the element itself."""


def check_urls(**kwargs: Any) -> Iterator[CheckMessage]:
    """E020: the chat's URLs can be used in no URLconf.

    They are not included, they need arguments, or another pattern hides them.
    """
    urlconfs = _urlconfs()
    try:
        problems = [_url_problem(urlconf) for urlconf in urlconfs]
    except Exception:  # Django's own checks report what is wrong with the URLconf
        return
    if not problems or None in problems:
        return
    problem, cure = problems[0] or ("", "")
    yield Error(
        _("The chat's addresses %(problem)s in %(urlconf)s: pages are shown without the chat.")
        % {"problem": problem, "urlconf": urlconfs[0]},
        hint=cure,
        id="sitechat.E020",
    )


def _urlconfs() -> list[str]:
    """Return the root URLconf, and those that packages use for single hosts or subdomains."""
    names = ("ROOT_URLCONF", "PUBLIC_SCHEMA_URLCONF")  # the second is django-tenants'
    urlconfs = [getattr(settings, name, None) for name in names]
    subdomains = getattr(settings, "SUBDOMAIN_URLCONFS", None)  # django-subdomains
    urlconfs += subdomains.values() if isinstance(subdomains, Mapping) else []
    hosts = getattr(settings, "ROOT_HOSTCONF", None)  # django-hosts
    if isinstance(hosts, str):
        try:
            patterns = getattr(import_module(hosts), "host_patterns", ())
        except Exception:  # django-hosts reports it
            patterns = ()
        urlconfs += [getattr(host, "urlconf", None) for host in patterns]
    return [urlconf for urlconf in dict.fromkeys(urlconfs) if isinstance(urlconf, str) and urlconf]


def _url_problem(urlconf: str) -> tuple[str, str] | None:
    """Return why the chat's URLs can't be used, and what to do; None if they can be used."""
    try:
        path = find_endpoint(urlconf=urlconf)
    except NoReverseMatch as error:
        if "tried" in str(error):
            return _("need arguments"), _(
                'Include "sitechat.urls" under a path without parameters, or give the tag the '
                "address: %(tag)s."
            ) % {"tag": '{% chat_widget endpoint="https://www.example.org/api/chat/" %}'}
        add = _('Add path("api/", include("sitechat.urls")) to urlpatterns in %(urlconf)s.') % {
            "urlconf": urlconf
        }
        return _('are not included as "sitechat"'), add
    local = "/" + path.removeprefix(get_script_prefix())
    try:
        if resolve(local, urlconf=urlconf).func is deferred_endpoint("chat_views.chat"):
            return None
    except Resolver404:
        pass
    move_up = _('Move include("sitechat.urls") above the pattern that takes every path.')
    return _("are hidden by another pattern that takes %(path)s") % {"path": local}, move_up


def check_tag(**kwargs: Any) -> Iterator[CheckMessage]:
    """W020: no template contains the chat. Not reported if some templates can't be listed."""
    try:
        listed = [_holds_chat(backend) for backend in engines.all()]
    except Exception:  # Django's own checks report what is wrong with TEMPLATES
        return
    if listed and all(holds is False for holds in listed):
        yield Warning(
            _("No template has %(tag)s: the chat is on no page.") % {"tag": "{% chat_widget %}"},
            hint=_(
                "Put %(tags)s before </body> in the base template. If your pages get the chat in "
                "another way, silence this warning."
            )
            % {"tags": "{% load sitechat %}{% chat_widget %}"},
            id="sitechat.W020",
        )


def _holds_chat(backend: Any) -> bool | None:
    """Return whether the backend has a template with the chat.

    None if no template with the chat is found, but a loader can't list its templates.
    """
    unlisted = False
    environment = getattr(backend, "env", None)  # Jinja2
    if environment is not None:
        for name in environment.list_templates():
            if holds_element(environment.loader.get_source(environment, name)[0]):
                return True
        return False
    folders = list(getattr(backend, "template_dirs", ()))
    for loader in _loaders(backend):
        if hasattr(loader, "get_dirs"):
            folders += loader.get_dirs()
        elif isinstance(texts := getattr(loader, "templates_dict", None), Mapping):
            if any(holds_element(str(text)) for text in texts.values()):
                return True
        else:
            unlisted = True
    for folder in dict.fromkeys(map(Path, folders)):
        if any(holds_element(_text(file)) for file in _files(folder)):
            return True
    return None if unlisted else False


def _loaders(backend: Any) -> Iterator[Any]:
    """Yield the loaders of a Django backend, and the loaders inside a cached loader."""
    waiting = list(getattr(getattr(backend, "engine", None), "template_loaders", ()))
    while waiting:
        loader = waiting.pop(0)
        if hasattr(loader, "loaders"):
            waiting += loader.loaders
        else:
            yield loader


def holds_element(text: str) -> bool:
    """Return whether a template's text contains the chat outside of COMMENTS."""
    if not any(part in text for part in ("chat_widget", "chat_page", "<site-chat")):
        return False
    return ELEMENT.search(COMMENTS.sub("", text)) is not None


def _files(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen or Path(real) == OWN_TEMPLATES:
            folders.clear()
            continue
        seen.add(real)
        yield from (Path(root, name) for name in sorted(names))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_TEMPLATE_SIZE:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


CHECKS = (check_urls, check_tag)
