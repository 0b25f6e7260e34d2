"""Traits of real sites that the chat must support."""

from __future__ import annotations

from tests.sites.project import ASGI, ASGI_BELOW_SHOP, WSGI, Trait
from tests.sites.wagtail_site import WAGTAIL, WAGTAIL_FILES

DJANGO_CSP_NONCE = """
from csp.constants import NONCE, STRICT_DYNAMIC, SELF, NONE
MIDDLEWARE.insert(2, "csp.middleware.CSPMiddleware")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [NONE],
    }
}
"""

DJANGO_NONCE = """
from django.utils.csp import CSP
MIDDLEWARE.insert(2, "django.middleware.csp.ContentSecurityPolicyMiddleware")
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.NONCE],
    "style-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "base-uri": [CSP.NONE],
    "require-trusted-types-for": ["'script'"],
}
"""

DJANGO_STRICT_DYNAMIC = (
    DJANGO_NONCE.replace("[CSP.NONCE]", "[CSP.NONCE, CSP.STRICT_DYNAMIC]")
    + """
TEMPLATES[0]["OPTIONS"]["context_processors"].append("django.template.context_processors.csp")
"""
)

HOSTS = """
INSTALLED_APPS += ["django_hosts"]
MIDDLEWARE = [
    "django_hosts.middleware.HostsRequestMiddleware",
    *MIDDLEWARE,
    "django_hosts.middleware.HostsResponseMiddleware",
]
ROOT_HOSTCONF = "shop.hosts"
DEFAULT_HOST = "www"
CHAT_ORIGINS = [f"http://docs.shop.localhost:{PORT}"]
"""

HOSTS_FILES = {
    "shop/hosts.py": """
from django_hosts import host, patterns

host_patterns = patterns(
    "",
    host("www", "shop.urls", name="www"),
    host("docs", "shop.docs_urls", name="docs"),
    host("blog", "shop.blog_urls", name="blog"),
)
""",
    "shop/docs_urls.py": """
from django.conf import settings
from django.urls import path
from shop import views
from django.shortcuts import render


def page(request, name):
    endpoint = f"http://www.shop.localhost:{settings.PORT}/api/chat/"
    return render(request, "docs.html", {"name": name, "endpoint": endpoint})


urlpatterns = [path("", page, {"name": "docs"}), path("prices/", page, {"name": "more docs"})]
""",
    "shop/blog_urls.py": """
from django.urls import path
from shop import views

urlpatterns = [path("", views.page, {"name": "blog"})]
""",
    "shop/templates/docs.html": """{% load sitechat %}<!doctype html>
<html lang="en"><head><title>{{ name }}</title><link rel="icon" href="data:,"></head>
<body><h1>{{ name }}</h1>{% chat_widget endpoint=endpoint %}</body></html>
""",
}

JINJA2 = """
TEMPLATES.insert(0, {
    "BACKEND": "django.template.backends.jinja2.Jinja2",
    "DIRS": [BASE_DIR / "shop" / "jinja2"],
    "OPTIONS": {"environment": "shop.jinja2.environment"},
})
"""

JINJA2_FILES = {
    "shop/jinja2.py": """
from jinja2 import Environment
from sitechat.jinja2 import chat_widget


def environment(**options):
    env = Environment(**options)
    env.globals["chat_widget"] = chat_widget
    return env
""",
    "shop/jinja2/page.html": """<!doctype html>
<html lang="en"><head><title>{{ name }}</title><link rel="icon" href="data:,"></head>
<body><h1>{{ name }} of Jinja2</h1>{{ chat_widget() }}</body></html>
""",
}

I18N_URLS = """
from django.conf.urls.i18n import i18n_patterns
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, reverse
from shop import views


class Pages(Sitemap):
    i18n = True

    def items(self):
        return ["home", "prices"]

    def location(self, item):
        return reverse(item)


chat = path("api/", include("sitechat.urls"))
site_map = path("sitemap.xml", sitemap, {"sitemaps": {"pages": Pages}})
pages = [
    path("", views.page, {"name": "home"}, name="home"),
    path("prices/", views.page, {"name": "prices"}, name="prices"),
    path("broken/", views.broken),
]
"""

GREETING = """
from django.utils.translation import gettext_lazy
CHAT_WIDGET = {"greeting": gettext_lazy("Yes")}
CHAT_LIMITS = {"session": ["2 messages/hour"]}
"""

UUID_USERS = """
INSTALLED_APPS += ["people"]
AUTH_USER_MODEL = "people.Person"
MIGRATION_MODULES = {"people": None, "admin": None}
"""

UUID_USERS_FILES = {
    "people/__init__.py": "",
    "people/models.py": """
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
""",
}

REPLICA = """
DATABASES["replica"] = {**DATABASES["default"], "NAME": BASE_DIR / "replica.sqlite3"}
DATABASE_ROUTERS = ["shop.routers.Router"]
"""

REPLICA_FILES = {
    "shop/routers.py": '''
class Router:
    """A router that reads from a replica that has no rows yet."""

    def db_for_read(self, model, **hints):
        return "default" if model._meta.app_label in {"auth", "sessions"} else "replica"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True
''',
}

NO_URLS = """
from django.urls import path
from shop import views

urlpatterns = [
    path("", views.page, {"name": "home"}, name="home"),
    path("prices/", views.page, {"name": "prices"}, name="prices"),
    path("broken/", views.broken),
]
"""

NO_SITEMAP = NO_URLS.replace(
    "import path\n", "import include, path\n"
).replace(
    "]\n", '    path("api/", include("sitechat.urls")),\n]\n'
)  # fmt: skip

TRAITS = [
    Trait("plain"),
    Trait(
        "FORCE_SCRIPT_NAME",
        'FORCE_SCRIPT_NAME = "/shop"\n',
        server=ASGI,
        start="/shop/",
        django=(5,),  # the first version that removes this prefix from the path with ASGI
    ),
    Trait(
        "SCRIPT_NAME",
        'STATIC_URL = "/shop/static/"\nWHITENOISE_STATIC_PREFIX = "/static/"\n',
        environ={"SCRIPT_NAME": "/shop"},
        start="/shop/",
    ),
    Trait(
        "root path",
        'STATIC_URL = "/shop/static/"\nWHITENOISE_STATIC_PREFIX = "/static/"\n',
        server=ASGI_BELOW_SHOP,
        start="/shop/",
        stripped="/shop/",
    ),
    Trait("hosts", HOSTS, HOSTS_FILES, server=ASGI, host="www.shop.localhost"),
    Trait("nonce of Django", DJANGO_NONCE, django=(6,)),
    Trait("strict-dynamic of Django", DJANGO_STRICT_DYNAMIC, server=ASGI, django=(6,)),
    Trait("strict-dynamic of django-csp", "INSTALLED_APPS += ['csp']" + DJANGO_CSP_NONCE),
    Trait("Jinja2", JINJA2, JINJA2_FILES),
    Trait(
        "i18n_patterns",
        GREETING,
        {"shop/urls.py": f"{I18N_URLS}\nurlpatterns = [chat, site_map, *i18n_patterns(*pages)]\n"},
        start="/de/",
    ),
    Trait(
        "i18n_patterns around the chat",
        GREETING,
        {"shop/urls.py": f"{I18N_URLS}\nurlpatterns = [site_map, *i18n_patterns(*pages, chat)]\n"},
        server=ASGI,
        start="/de/",
    ),
    Trait("no urls", files={"shop/urls.py": NO_URLS}, chat=False),
    Trait("no sitemap", files={"shop/urls.py": NO_SITEMAP}),
    Trait(
        "signed cookies",
        'SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"\n',
        server=ASGI,
    ),
    Trait("UUID users", UUID_USERS, UUID_USERS_FILES, own_tables=True),
    Trait("replica", REPLICA, REPLICA_FILES, databases=("default", "replica")),
    Trait("Wagtail", WAGTAIL, WAGTAIL_FILES, own_tables=True, commands=("bake",)),
    Trait("ATOMIC_REQUESTS", 'DATABASES["default"]["ATOMIC_REQUESTS"] = True\n', server=ASGI),
    Trait("USE_TZ=False", "USE_TZ = False\n", server=WSGI),
]

BY_NAME = {trait.name: trait for trait in TRAITS}
