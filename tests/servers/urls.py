"""The chat, beside pages as a site has them and pages that tell tests about their process."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import threading

from django.contrib.auth import get_user_model, login, logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from sitechat import engine, servers, stream
from sitechat.models import Message


def page(request: HttpRequest) -> HttpResponse:
    """A page of the site: it reads its database."""
    return HttpResponse(f"a page of the site, {Session.objects.count()} sessions")


def process(request: HttpRequest) -> JsonResponse:
    """What the process that answers holds."""
    followers = [o for o in gc.get_objects() if isinstance(o, stream.Follower)]
    server = servers.current_server(request.META)
    return JsonResponse(
        {
            "pid": os.getpid(),
            "server": server.name,
            "threads": server.threads,
            "running_threads": threading.active_count(),
            "live": len(engine._here().live),
            "streams": servers.serving().streams,
            "followers": len(followers),
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "rss": _resident(),
        }
    )


def _resident() -> int:
    """Kilobytes."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


async def tasks(request: HttpRequest) -> JsonResponse:
    """Requests and replies that are tasks of the server's loop, under ASGI."""
    names = [str(task.get_coro()) for task in asyncio.all_tasks()]
    return JsonResponse({"tasks": [n for n in names if "ASGIHandler" in n or "Engine" in n]})


def rows(request: HttpRequest) -> JsonResponse:
    """A reply as its row is, for those who may not look at it in the chat."""
    row = Message.objects.filter(pk=request.GET["reply"]).select_related("usage").first()
    usage = getattr(row, "usage", None)
    return JsonResponse(
        {
            "status": row.status if row else None,
            "text": row.text if row else None,
            "usage": usage and {"dollars": str(usage.dollars), "status": usage.status},
        }
    )


@csrf_exempt
def enter(request: HttpRequest) -> HttpResponse:
    """Log in the user that the body names, who is made where there is none."""
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
    path("login/", enter),
    path("logout/", leave),
    path("api/", include("sitechat.urls")),
]
