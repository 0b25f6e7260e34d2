"""Heuristics that recognize lines of code in text without markup.

`is_code` looks at one line. It is True for "import os", "x = 1" and "pip install django", and False
for "Git is a tool.".

`continues_code` also looks at the line before. After an indented line, any line of code continues
it. After other lines, commands continue only commands: "git status" continues "npm test", but not
"x = 1".
"""

from __future__ import annotations

import re

_CODE = re.compile(
    r"""
      (?:from\ [\w.]+\ )?import\ [\w{*]            # Python, JavaScript
    | (?:async\ )?(?:def|class)\ \w.*:$ | @\w[\w.]*(?:\(.*\))?$ | return\b | >>>\ | \$\ \S
    | (?:const|let|var|function)\ \w | [\w.$]+\(.*\)[;:]?$
    | (?:\w+\ )?[\w.$\[\]"'-]+\ ?(?:\+?=|:=)\ ?\S    # an assignment
    | (?:[\d*/,-]+\s+){5}\S                       # a line of crontab
    | \w+\ "[^"]*"$                                # a setting without "="
    | \{[%{#].*[%}#]\}.*$ | </?\w[^<>]*>          # a template, HTML
    | [\])}]+[,;)]*$ | \[[\w.-]+\]$ | \[?\{?"[^"]*":
    | --?[\w-]+:?\ \S+;?$
    | [\w-]+:\ [^.]+;$ | [\w#.:()-]+(?:[ ,>]+[\w#.:()-]+)*\ \{.*\}$    # CSS
    | [\w#.:$-]+(?:\s[^.!?]*)?[({\[]$             # a bracket that a later line closes
    """,
    re.VERBOSE,
)
_COMMAND = re.compile(
    r"""
      (?:[A-Z_]+=\S+\ )*
      (?: (?:sudo|pip3?|python3?|npm|npx|yarn|git|docker|curl|export|apt|cd|uvicorn|gunicorn|celery)
          \ [^\s,;]+(?!.*\w\.$)                  # unless it ends like a sentence
        | [a-z][\w./]*(?:\ [\w./=:-]+)*\ --?[a-z][\w=-]*(?!.*[.:]$)
      )
    """,
    re.VERBOSE,
)
_SENTENCE = re.compile(r"[A-Z“\"'(]?[\w\u2019'-]+(?:,? [\w\u2019'(“\"-]+){4,}.*[.!?:]$")


def is_code(line: str) -> bool:
    """Return whether the line looks like code, without its context."""
    text = line.strip()
    if " | " in text or _reads_as_sentence(text):
        return False
    return bool(_CODE.match(text) or _COMMAND.match(text))


def continues_code(line: str, before: str) -> bool:
    """Return whether `line` continues code whose last line is `before`."""
    if line.startswith((" ", "\t", "# ")) or before.endswith("\\"):
        return True
    if before.startswith((" ", "\t", "# ")):
        return is_code(line)
    return is_code(line) and bool(_COMMAND.match(line)) == bool(_COMMAND.match(before))


def _reads_as_sentence(line: str) -> bool:
    return bool(_SENTENCE.match(line)) and not re.search(r"[=;{}]|\):$|^(?:def|class) ", line)
