"""Build the wheel and the sdist, and test the wheel like a new user.

    make wheel-check

The script installs the wheel with its dependencies into an empty environment, adds the chat to a
new project by the steps of the installation guide, migrates, and requests a page with the chat.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import ROOT, Unavailable, create, find_pythons, find_uv, say

SETTINGS = """
INSTALLED_APPS += ["sitechat"]
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
"""
URLS = """
from django.urls import include
from django.views.generic import TemplateView

urlpatterns += [
    path("api/", include("sitechat.urls")),
    path("", TemplateView.as_view(template_name="base.html")),
]
"""
TEMPLATE = "<!doctype html>{% load sitechat %}<body>Hello{% chat_widget %}</body>"
TRY = """
from importlib.metadata import distribution
from importlib.resources import files

import django
from django.contrib.staticfiles import finders
from django.test import Client

import sitechat

django.setup()
package = files("sitechat")
assert "site-packages" in str(package), package
assert sitechat.__version__ == distribution("django-sitechat").version
assert package.joinpath("py.typed").is_file()
client = Client(headers={"host": "localhost"})
page = client.get("/")
assert page.status_code == 200, page.content
assert b"<site-chat" in page.content, page.content
assert finders.find("sitechat/site-chat.js"), "the widget's file is missing"
conversation = client.get("/api/chat/")
assert conversation.status_code == 200, conversation.content
assert conversation.json()["messages"] == []
answer = client.post("/api/chat/", {"message": "Hello?"}, content_type="application/json")
assert answer.status_code == 503 and answer.json()["error"] == "not_configured", answer.content
print(f"django-sitechat {sitechat.__version__} works on Django {django.__version__}")
"""


def check(folder: Path, python: str, uv: str) -> None:
    """Test the wheel in `dist/` in a new environment and project under `folder`."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "PYTHON"))}
    environ |= {"UV_PYTHON_DOWNLOADS": "never", "DJANGO_SETTINGS_MODULE": "site_.settings"}

    def run(*command: str | Path) -> None:
        subprocess.run([str(part) for part in command], cwd=project, env=environ, check=True)

    project = folder / "project"
    project.mkdir()
    venv = folder / "venv"
    lock = ROOT / "requirements" / "demo.txt"
    (wheel,) = (ROOT / "dist").glob("*.whl")
    run(uv, "venv", "-q", "--python", python, venv)
    inside = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(uv, "pip", "install", "-q", "--python", inside, "--constraint", lock, wheel)
    run(inside, "-m", "django", "startproject", "site_", ".")
    for path, addition in (("site_/settings.py", SETTINGS), ("site_/urls.py", URLS)):
        with (project / path).open("a") as file:
            file.write(addition)
    (project / "templates").mkdir()
    (project / "templates" / "base.html").write_text(TEMPLATE)
    (project / "try.py").write_text(TRY)
    run(inside, "manage.py", "check")
    run(inside, "manage.py", "makemigrations", "--check", "--dry-run", "sitechat")
    run(inside, "manage.py", "migrate", "--verbosity", "0")
    run(inside, "try.py")


def main() -> int:
    try:
        python = create("newest")
    except Unavailable as error:
        say(str(error))
        return 1
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    subprocess.run([python, "-m", "hatchling", "build", "-d", "dist"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder).resolve(), str(python), find_uv(find_pythons()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
