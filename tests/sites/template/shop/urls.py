from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, reverse

from shop import views


class Pages(Sitemap):
    def items(self):
        return ["home", "prices"]

    def location(self, item):
        return reverse(item)


urlpatterns = [
    path("", views.page, {"name": "home"}, name="home"),
    path("prices/", views.page, {"name": "prices"}, name="prices"),
    path("broken/", views.broken),
    path("login/", views.enter),
    path("sitemap.xml", sitemap, {"sitemaps": {"pages": Pages}}),
    path("api/", include("sitechat.urls")),
]
