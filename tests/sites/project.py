"""Small sites, each generated from a template and a trait."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import django

from tests import forks
from tests.servers.sites import ROOT, Server, Site, python

TEMPLATE = Path(__file__).parent / "template"


def _gunicorn(port: int) -> list[str]:
    options = ["-w", "1", "--graceful-timeout", "2", "--no-control-socket"]
    workers = ["-k", "gthread", "--threads", "8"]
    return python("gunicorn", "-b", f"127.0.0.1:{port}", *workers, *options, "shop.wsgi")


def _uvicorn(port: int, *options: str) -> list[str]:
    return python("uvicorn", "--port", str(port), *options, "shop.asgi:application")


WSGI = Server("gunicorn", "gunicorn", "gunicorn", _gunicorn)
ASGI = Server("uvicorn", "uvicorn", "uvicorn", _uvicorn, asgi=True)
ASGI_BELOW_SHOP = Server(
    "uvicorn", "uvicorn", "uvicorn", lambda port: _uvicorn(port, "--root-path", "/shop"), asgi=True
)


@dataclass(frozen=True)
class Trait:
    """The differences of a site from the template."""

    name: str
    settings: str = ""
    """Lines added to settings.py."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Additional files and replacements of the template's files, by path."""
    server: Server = WSGI
    environ: Mapping[str, str] = field(default_factory=dict)
    start: str = "/"
    """The path of the home page."""
    second: str = "prices/"
    """The path of another page, under `start`."""
    host: str = "127.0.0.1"
    stripped: str = ""
    """The prefix that an nginx in front of the site removes; "" for no nginx."""
    chat: bool = True
    """Whether its pages contain the chat."""
    own_tables: bool = False
    """Whether its tables differ from the template's."""
    commands: tuple[str, ...] = ()
    """Commands that fill its database."""
    databases: tuple[str, ...] = ("default",)
    django: tuple[int, ...] = (4, 2)
    """The first Django version that supports it."""

    def __str__(self) -> str:
        return self.name

    @property
    def possible(self) -> bool:
        return self.django <= django.VERSION


class Project:
    """The folder of a site, with its database."""

    def __init__(self, trait: Trait, folder: Path, standin: str) -> None:
        self.trait = trait
        self.folder = folder
        self.log = folder / "server.log"
        shutil.copytree(TEMPLATE, folder)
        settings = folder / "shop" / "settings.py"
        settings.write_text(f"{settings.read_text()}\n\n{trait.settings}")
        for name, text in trait.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.site = Site(trait.server, {}, self.log)
        self.port = self.site.port
        self.variables = {
            "ANTHROPIC_BASE_URL": standin,
            "ANTHROPIC_API_KEY": "sk-standin",
            "DJANGO_SETTINGS_MODULE": "shop.settings",
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT / "src"), str(ROOT)]),
            "SITE_PORT": str(self.site.port),
        }
        self.site.set_environ(**self.variables, **trait.environ)

    def manage(self, *arguments: str, fails: bool = False) -> str:
        """Run a command of manage.py and return its output."""
        command = python("django", *arguments)
        done = forks.run(command, {**os.environ, **self.variables}, self.folder)
        output = done.stdout + done.stderr
        assert bool(done.returncode) == fails, output
        return output

    def prepare(self, migrated: Path) -> None:
        """Create the databases, from the template's database if the tables are the same."""
        for name in self.trait.databases:
            file = {"default": "site"}.get(name, name)
            if self.trait.own_tables:
                tables = ["migrate", "-v0", "--skip-checks", "--run-syncdb"]
                self.manage(*tables, "--database", name)
            else:
                shutil.copy(migrated, self.folder / f"{file}.sqlite3")
        for command in self.trait.commands:
            self.manage(command, "--skip-checks")

    def url(self, path: str = "", host: str = "") -> str:
        """Return the URL of a path of the site, by default of its home page."""
        return f"http://{host or self.trait.host}:{self.port}{path or self.trait.start}"
