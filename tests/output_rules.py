"""Rules for source code that writes text to a log or a terminal."""

from __future__ import annotations

import ast
from collections.abc import Iterator

LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})
WRITERS = frozenset({"print", "input"})
STREAMS = frozenset({"stdout", "stderr"})
HARMLESS = frozenset({"encoding", "isatty"})
ESCAPES = frozenset({"ascii", "repr", "len", "one_line", "visible", "json_text", "_plain"})

GET_LOGGER = "log to a logger of sitechat.runtime.safe_logging.get_logger"


def violations(source: str, *, writes: bool = False) -> list[str]:
    """Return the violations in a source, each with its line.

    Args:
        source: Python code.
        writes: Whether the file may write to standard output and error directly. The written text
            must then be escaped in the call.
    """
    tree = ast.parse(source)
    found = [*_loggers(tree), *_commands(tree), *_streams(tree, writes=writes)]
    return [f"line {line}: {problem}" for line, problem in sorted(set(found))]


def _loggers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    raw = _raw_loggers(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.name == "getLogger":
            yield node.lineno, GET_LOGGER
        if not isinstance(node, ast.Call):
            continue
        if _name(node.func) == "getLogger" and any(map(_is_own_name, node.args)):
            yield node.lineno, GET_LOGGER
        if _name(node.func) == "warn" and _owner(node.func) == "warnings" and not _safe(node):
            yield node.lineno, "warnings.warn() takes only constants and escaped text"
        owner = _owner(node.func)
        if _name(node.func) in LEVELS and owner in {"logging", "getLogger", *raw}:
            yield node.lineno, GET_LOGGER
        elif _name(node.func) in LEVELS and "log" in owner.lower():
            message = node.args[1:2] if _name(node.func) == "log" else node.args[:1]
            if not all(map(_constant, message)):
                yield node.lineno, "a log message is a constant; fields are its arguments"


def _raw_loggers(tree: ast.Module) -> set[str]:
    """Return the names of loggers that do not escape. They may be configured, but not used."""
    return {
        _name(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if _name(node.value.func) == "getLogger"
        for target in node.targets
    }


def _is_own_name(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return str(node.value).startswith("sitechat")
    return _name(node) == "__name__"


def _commands(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "BaseCommand" in map(_name, node.bases):
            yield node.lineno, "commands derive from sitechat.management.base.ChatCommand"


def _streams(tree: ast.Module, *, writes: bool) -> Iterator[tuple[int, str]]:
    advice = "escape what is written" if writes else "write with say(), note(), show() and ask()"
    harmless = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (writes or node.attr in HARMLESS)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in STREAMS and id(node) not in harmless:
            if not writes and _owner(node) in {"self", "sys"}:
                yield node.lineno, advice
        elif isinstance(node, ast.ImportFrom) and node.module == "sys":
            if STREAMS & {alias.name for alias in node.names}:
                yield node.lineno, "use sys.stdout and sys.stderr by their full names"
        elif isinstance(node, ast.Call):
            writer = node.func.id in WRITERS if isinstance(node.func, ast.Name) else False
            to_stream = _name(node.func) == "write" and _owner(node.func) in STREAMS
            if (writer or to_stream) and not (writes and _safe(node)):
                yield node.lineno, advice


def _safe(call: ast.Call) -> bool:
    return all(map(_escaped, call.args[:1]))


def _escaped(node: ast.expr) -> bool:
    """Return whether an expression contains only escaped text."""
    if isinstance(node, ast.JoinedStr):
        return all(map(_escaped, node.values))
    if isinstance(node, ast.FormattedValue):
        return node.conversion in (ord("r"), ord("a")) or _escaped(node.value)
    if isinstance(node, ast.IfExp):
        return _escaped(node.body) and _escaped(node.orelse)
    if isinstance(node, ast.BinOp):
        return _escaped(node.left) and _escaped(node.right)
    if isinstance(node, ast.Subscript):
        return _escaped(node.value)
    if isinstance(node, ast.Call):
        if _name(node.func) == "format" and isinstance(node.func, ast.Attribute):
            fields = [*node.args, *(keyword.value for keyword in node.keywords)]
            return _constant(node.func.value) and all(map(_escaped, fields))
        return _name(node.func) in ESCAPES
    return _constant(node)


def _constant(node: ast.expr) -> bool:
    """Return whether an expression is a literal or the name of a module's constant."""
    if isinstance(node, ast.BinOp):
        return _constant(node.left) and _constant(node.right)
    return isinstance(node, ast.Constant) or _name(node).isupper()


def _name(node: ast.AST) -> str:
    """Return the last name of a dotted expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _owner(node: ast.expr) -> str:
    """Return the last name but one: `stdout` in `self.stdout.write`."""
    if not isinstance(node, ast.Attribute):
        return ""
    value = node.value
    return _name(value.func if isinstance(value, ast.Call) else value)
