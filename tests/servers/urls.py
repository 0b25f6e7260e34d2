"""URLs of the chat, of pages of the site, and of pages with information for tests."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import threading

from django.contrib.auth import get_user_model, login, logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from sitechat.engine.event_loop import running
from sitechat.http import sse
from sitechat.http.stream_slots import stream_slots
from sitechat.models import Message, Status
from sitechat.runtime import servers
from tests.reservations import still_reserved


def page(request: HttpRequest) -> HttpResponse:
    """Return a page that reads the site's database."""
    return HttpResponse(f"a page of the site, {Session.objects.count()} sessions")


def process(request: HttpRequest) -> JsonResponse:
    """Return the state of the process that answers."""
    followers = [o for o in gc.get_objects() if isinstance(o, sse.ReplyStream)]
    server = servers.current_server(request.META)
    return JsonResponse(
        {
            "pid": os.getpid(),
            "server": server.name,
            "threads": server.threads,
            "running_threads": threading.active_count(),
            "live": len(running().live),
            "streams": stream_slots().streams,
            "followers": len(followers),
            "sdk": "anthropic" in sys.modules,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "rss": _resident(),
        }
    )


def _resident() -> int:
    """Return the resident memory in kilobytes."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def tasks(request: HttpRequest) -> JsonResponse:
    """Return the requests and replies that are tasks of the server's loop, with ASGI."""
    names = [str(task.get_coro()) for task in asyncio.all_tasks()]
    return JsonResponse({"tasks": [n for n in names if "ASGIHandler" in n or "Engine" in n]})


def rows(request: HttpRequest) -> JsonResponse:
    """Return the row of a reply, without checking who may see it."""
    row = Message.objects.filter(pk=request.GET["reply"]).select_related("usage").first()
    usage = getattr(row, "usage", None)
    return JsonResponse(
        {
            "status": row.status if row else None,
            "text": row.text if row else None,
            "usage": usage and {"dollars": str(usage.dollars), "status": usage.status},
        }
    )


def counts(request: HttpRequest) -> JsonResponse:
    """Return counts of replies and reservations that have not ended."""
    return JsonResponse(
        {
            "running": Message.objects.filter(status=Status.RUNNING).count(),
            "reserved": still_reserved().count(),
        }
    )


@csrf_exempt
def enter(request: HttpRequest) -> HttpResponse:
    """Log in the user that the body names, who is created if necessary."""
    name = json.loads(request.body)["user"]
    user, _made = get_user_model().objects.get_or_create(username=name)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse(status=204)


@csrf_exempt
def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse(status=204)


urlpatterns = [
    path("", page),
    path("process/", process),
    path("tasks/", tasks),
    path("rows/", rows),
    path("counts/", counts),
    path("login/", enter),
    path("logout/", leave),
    path("api/", include("sitechat.urls")),
]
