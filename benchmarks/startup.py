"""Benchmark of the time and memory that `sitechat` in INSTALLED_APPS adds to a start.

    python benchmarks/startup.py [--short]

It runs `manage.py check` alternately with and without the app, with cached bytecode. The figures
are differences of medians. The checks of `--deploy` are not run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from time import perf_counter

from harness import figures, peers

PROGRAM = """
import resource, sys
from django.conf import settings
settings.configure(
    SECRET_KEY="only-for-benchmarks", USE_TZ=True, ANTHROPIC_API_KEY="sk-benchmark",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request",
            "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
        *sys.argv[1:],
    ],
    ROOT_URLCONF="startup_urls",
)
import types
from django.urls import include, path
urls = sys.modules["startup_urls"] = types.ModuleType("startup_urls")
import django
django.setup()
from django.contrib import admin
urls.urlpatterns = [path("admin/", admin.site.urls)]
if sys.argv[1:]:
    urls.urlpatterns.append(path("api/", include("sitechat.urls")))
from django.core.management import call_command
call_command("check", verbosity=0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(*apps: str) -> tuple[float, float, float]:
    """Return the milliseconds, CPU milliseconds and megabytes of a start."""
    before, started = os.times(), perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *apps],
        env=peers.environment("sitechat", ""),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds, after = perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return seconds * 1000, cpu * 1000, int(done.stdout.split()[-1]) / 1024


def main() -> int:
    options = figures.parser(__doc__).parse_args()
    if options.url:
        print("There is nothing to measure at a URL.")
        return 0
    runs = 5 if options.short else 12
    run()
    run("sitechat")
    pairs = [(run(), run("sitechat")) for _ in range(runs)]
    found = {}
    for number, name in enumerate(("ms", "CPU ms", "MB")):
        without = [pair[0][number] for pair in pairs]
        with_app = [pair[1][number] for pair in pairs]
        added = statistics.median(with_app) - statistics.median(without)
        found[name] = {
            "without": figures.spread(without),
            "with": figures.spread(with_app),
            "added": added,
        }
    rows: list[list[object]] = [["manage.py check", "without", "with", "added"]]
    for name, each in found.items():
        rows.append([name, each["without"]["median"], each["with"]["median"], each["added"]])
    figures.table(rows)
    figures.keep(options, "start-up", {"runs": runs, **found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
