"""The matrix of Pythons and Djangos, for `nox` with uv.

`nox --session newest-3.12` runs the fast tests on one Python, with the newest Django that it has;
`oldest-3.10` runs them on Django 4.2. `make test-all` runs all tests on one Python per Django.
"""

import nox

nox.options.default_venv_backend = "uv"
FAST = ("-m", "not servers and not browser and not long")


@nox.session(python=["3.10", "3.11", "3.12", "3.13", "3.14"])
def newest(session: nox.Session) -> None:
    """Run the fast tests on the newest Django that this Python has."""
    _test(session, "requirements/newest.txt")


@nox.session(python=["3.10", "3.11", "3.12"])
def oldest(session: nox.Session) -> None:
    """Run the fast tests on Django 4.2."""
    _test(session, "requirements/oldest.txt")


def _test(session: nox.Session, lock: str) -> None:
    session.install("--requirements", lock)
    session.install("--no-deps", "--editable", ".")
    session.run("pytest", "-q", "-n", "auto", *(session.posargs or FAST))
