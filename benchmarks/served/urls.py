"""URLs of the site that the benchmarks serve: a page, a bare view, the statements and the chat."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.conf import settings
from django.contrib.sessions.models import Session
from django.contrib.staticfiles.views import serve
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template import engines
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from served import statements

PAGE = """<!doctype html><html lang="en"><title>A page</title><body><h1>A page</h1>
<p>{{ sessions }} sessions</p>{{ widget }}</body></html>"""
STREAM = (b'data: {"t": "~00000"}\n\n', b"data: [DONE]\n\n")
WITH_WIDGET = "{% load sitechat %}" + PAGE.replace("{{ widget }}", "{% chat_widget %}")


def page(request: HttpRequest) -> HttpResponse:
    """Return a page of the site, with a query and a template."""
    source = WITH_WIDGET if "widget" in request.GET else PAGE
    template = engines["django"].from_string(source)
    exists = Session.objects.filter(session_key="none").exists()
    return HttpResponse(template.render({"sessions": int(exists)}, request))


def empty(request: HttpRequest) -> HttpResponse:
    """Return a page that takes no work, to measure the server and Django alone."""
    return HttpResponse("empty")


@csrf_exempt
def bare(request: HttpRequest) -> StreamingHttpResponse:
    """Stream a response with the visitor's session, to measure Django alone."""
    if "visitor" not in request.session:
        request.session["visitor"] = "new"
    streams = _later() if isinstance(request, ASGIRequest) else iter(STREAM)
    return StreamingHttpResponse(streams, content_type="text/event-stream")


async def _later() -> AsyncIterator[bytes]:
    for part in STREAM:
        yield part


def counted(request: HttpRequest) -> JsonResponse:
    """Return the statements of this process since the last request."""
    return JsonResponse({"statements": statements.take()})


def chat_urls() -> object:
    if settings.CHAT == "sitechat":
        return include("sitechat.urls")
    from plain import views

    return include([path("chat/", views.chat)])


urlpatterns = [
    path("", page),
    path("bare/", bare),
    path("empty/", empty),
    path("statements/", counted),
    path("static/<path:path>", serve, {"insecure": True}),
    path("api/", chat_urls()),
]
statements.begin()
