from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page of the site")


urlpatterns = [
    path("", home),
    path("api/", include("sitechat.urls")),
    path("admin/", admin.site.urls),
]
