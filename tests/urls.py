"""The URLs of the test site: a home page, a page with the widget, the chat and the admin."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.generic import TemplateView


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page of the site")


urlpatterns = [
    path("", home),
    path("page/", TemplateView.as_view(template_name="base.html")),
    path("api/", include("sitechat.urls")),
    path("admin/", admin.site.urls),
]
