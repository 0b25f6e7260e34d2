"""Addresses of admin pages, for mails to the staff about a visitor's request."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.urls import NoReverseMatch, reverse
from django.utils.http import is_same_domain

from sitechat.knowledge.sources.site_hosts import public_origin


def admin_link(request: HttpRequest, name: str, pk: object) -> str:
    """Return the address of an object's page in the admin; "" if the site has no admin.

    If `ALLOWED_HOSTS` contains "*", a visitor can choose the host of the request, and a link with
    this host could lead the staff to another site. Then a host that CSRF_TRUSTED_ORIGINS does not
    contain is replaced by the site's public origin, if there is one.

    Args:
        request: The visitor's request.
        name: The name of the URL pattern, such as `sitechat_contact_change`.
        pk: The primary key of the object.
    """
    try:
        path = reverse(f"admin:{name}", args=[pk])
    except NoReverseMatch:
        return ""
    origin = "" if _is_trusted(request) else public_origin()
    return f"{origin}{path}" if origin else request.build_absolute_uri(path)


def _is_trusted(request: HttpRequest) -> bool:
    """Return whether ALLOWED_HOSTS (without "*") or CSRF_TRUSTED_ORIGINS allows the host."""
    if "*" not in settings.ALLOWED_HOSTS:
        return True
    host = split_domain_port(request.get_host())[0]
    origins = (urlsplit(origin).netloc for origin in settings.CSRF_TRUSTED_ORIGINS)
    return any(is_same_domain(host, split_domain_port(each.lstrip("*"))[0]) for each in origins)
