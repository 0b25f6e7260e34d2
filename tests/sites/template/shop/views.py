from django.contrib.auth import get_user_model, login
from django.http import HttpResponse
from django.shortcuts import render


def page(request, name):
    return render(request, "page.html", {"name": name})


def broken(request):
    raise RuntimeError("a page that is broken")


def enter(request):
    """Log Ann in."""
    user, _ = get_user_model().objects.get_or_create(username="ann")
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponse("welcome")
