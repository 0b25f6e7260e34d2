from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path

from demo import views

urlpatterns = [
    path("", views.page, name="home"),
    path("api/", include("sitechat.urls")),
    path("django-admin/", admin.site.urls),
    path("code.css", views.code_css, name="code_css"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", sitemap, {"sitemaps": {"docs": views.PageSitemap}}, name="sitemap"),
    path("<slug:slug>/", views.page, name="page"),
]
