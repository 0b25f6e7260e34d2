"""Write the figures of a run into docs/performance.md, and its plots into docs/images/.

    python benchmarks/run.py --json benchmarks/results.json
    python benchmarks/report.py benchmarks/results.json

The text between the two marks of the page is replaced; the text around it is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness import plots
from harness.figures import shown

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- figures -->", "<!-- end of the figures -->"

COLUMNS = {
    "plain, gunicorn gthread": "plain",
    "bare relay, uvicorn": "bare relay",
    "sitechat, uvicorn": "uvicorn",
    "sitechat, uvicorn, pooled connections": "uvicorn, pooled",
    "sitechat, granian": "granian",
    "sitechat, gunicorn gthread": "gthread",
    "sitechat, gunicorn sync": "sync",
}
PLAIN, RELAY, OURS = "plain, gunicorn gthread", "bare relay, uvicorn", "sitechat, uvicorn"

Figures = dict[str, dict[str, Any]]


def row(title: str, figures: dict[str, Any], cell: Callable[[Any], str]) -> str:
    def cell_of(name: str) -> str:
        try:
            return cell(figures[name])
        except KeyError:  # this peer does not have the figure
            return ""

    return f"| {title} | " + " | ".join(map(cell_of, COLUMNS)) + " |"


def side_by_side(results: Figures) -> Iterator[str]:
    yield "| median (least to most) | " + " | ".join(COLUMNS.values()) + " |"
    yield "|---|" + "---|" * len(COLUMNS)
    first = results["first token"]["figures"]
    for turn in ("first", "second"):
        key = f"{turn} turn, added ms"
        yield row(
            f"added ms to the first token, {turn} turn",
            first,
            lambda f, key=key: shown({**f[key], "median": f[key]["p50"]}),
        )
        yield row(
            f"the same, 95th percentile, {turn} turn",
            first,
            lambda f, key=key: f"{f[key]['p95']:,.1f}",
        )
    for n, turn in enumerate(("first", "second")):
        yield row(
            f"ms of a bare Django view with a session that streams, {turn} request",
            first,
            lambda f, n=n: shown(f["bare view, ms"][n]),
        )
    yield row("CPU ms per turn", first, lambda f: shown(f["cpu ms per turn"]))
    through = results["throughput"]["figures"]
    speed = "turns/s, 4 clients"
    yield row("turns/s of one process, 4 clients", through, lambda f: shown(f[speed]))
    for streams in (1, 50):
        yield row(
            f"events/s through one process, {streams} at once",
            through,
            lambda f, streams=streams: shown(f[f"events/s, {streams} at once"], "{:,.0f}"),
        )
    yield row(
        "CPU ms per 1,000 events, 50 streams of 20/s",
        through,
        lambda f: shown(f["cpu ms per 1,000 events"], "{:,.0f}"),
    )
    turns = results["turns"]["figures"]
    for turn in ("first", "second", "third"):
        yield row(f"SQL statements, {turn} turn", turns, lambda f, t=turn: str(f[f"SQL, {t} turn"]))
    for length in (5, 5000):
        yield row(
            f"ms per turn at message {length:,}",
            turns,
            lambda f, length=length: shown(f[f"ms per turn at message {length}"]),
        )
    for pace in ("10 deltas/s", "50 deltas/s"):
        yield row(
            f"statements that write, and bytes, in 9 s of a reply of {pace}",
            turns,
            lambda f, pace=pace: (
                f"{f[f'writes in 9 s at {pace}']}, {f[f'bytes in 9 s at {pace}']:,}"
            ),
        )
    dollars = results["dollars"]["figures"]
    for count in dollars[OURS]:
        yield row(
            f"dollars for a conversation of {count} turns",
            dollars,
            lambda f, count=count: f"{f[count]:.3f}",
        )


def many_streams(results: Figures) -> Iterator[str]:
    keys = {
        "p50 ms": "{:,.0f}",
        "p99 ms": "{:,.0f}",
        "within 150 ms": "{:.1%}",
        "pages p95 ms": "{:,.0f}",
        "KB per stream": "{:,.0f}",
        "cores": "{:.2f}",
    }
    yield "| one uvicorn process | streams | " + " | ".join(keys) + " |"
    yield "|---|---|" + "---|" * len(keys)
    for name, each in results["concurrency"]["figures"].items():
        if isinstance(each, list):
            for found in each:
                cells = [show.format(found[key]) for key, show in keys.items()]
                yield f"| {COLUMNS.get(name, name)} | {found['streams']} | {' | '.join(cells)} |"


def others(results: Figures) -> Iterator[str]:
    few = results["few threads"]["figures"]
    keys = [*next(iter(few.values()))]
    yield "| gunicorn gthread, 2 processes of 8 threads | " + " | ".join(keys) + " |"
    yield "|---|" + "---|" * len(keys)
    for name, found in few.items():
        cells = [f"{found[key]:,.1f}".removesuffix(".0") for key in keys]
        chat, _, more = name.partition(", gunicorn gthread 2 x 8")
        yield f"| {chat}{more} | {' | '.join(cells)} |"
    yield ""
    yield "| start-up and widget | figure |"
    yield "|---|---|"
    start = results["start-up"]["figures"]
    for name in ("ms", "CPU ms", "MB"):
        yield f"| `manage.py check`, added {name} | {start[name]['added']:,.1f} |"
        for which in ("with", "without"):
            yield f"| `manage.py check`, {name} {which} it | {shown(start[name][which])} |"
    for name, value in results.get("widget", {}).get("figures", {}).items():
        yield f"| widget: {name} | {shown(value)} |"


def conversations(results: Figures) -> Iterator[str]:
    models = results["dollars"]["figures"].get("models", {})
    counts = [*next(iter(models.values()), {})]
    if not counts:
        return
    heads = (f"{count} turn{'s' if count != '1' else ''}" for count in counts)
    yield "| dollars for a conversation, with ten passages | " + " | ".join(heads) + " |"
    yield "|---|" + "---|" * len(counts)
    for name, costs in models.items():
        yield f"| `{name}` | " + " | ".join(f"{costs[each]:.4f}" for each in counts) + " |"


def measured_on(results: Figures) -> Iterator[str]:
    for name, each in results.items():
        machine = each["machine"]
        if name == "first token":
            packages = ", ".join(f"{key} {value}" for key, value in machine["packages"].items())
            yield (
                f"Measured on {machine['date']}: {machine['cpu']}, {machine['cores']} cores, "
                f"{machine['system']}, Python {machine['python']}, {packages}."
            )
    yield ""
    yield "| figures | command | ended at | load average of the last minute |"
    yield "|---|---|---|---|"
    for name, each in results.items():
        machine = each["machine"]
        command = machine["command"].partition(" --json")[0]
        yield f"| {name} | `{command}` | {machine['date']} | {machine['load'][0]} |"


def draw(results: Figures) -> None:
    IMAGES.mkdir(exist_ok=True)
    through = results["throughput"]["figures"]
    named = {name: through[name] for name in COLUMNS if name in through}
    cpu = {
        name: each["cpu ms per 1,000 events"]["median"]
        for name, each in named.items()
        if "cpu ms per 1,000 events" in each
    }
    write("events.svg", plots.bars("CPU milliseconds per 1,000 events", cpu))
    first = results["first token"]["figures"]
    added = {
        name: max(0.0, first[name]["second turn, added ms"]["p50"])
        for name in COLUMNS
        if name in first
    }
    write("first-token.svg", plots.bars("Milliseconds added to the first token (median)", added))
    concurrency = {
        name: each
        for name, each in results["concurrency"]["figures"].items()
        if isinstance(each, list)
    }
    across = [found["streams"] for found in concurrency[OURS]]
    series = {
        COLUMNS[name].replace("uvicorn", "sitechat"): [found["p99 ms"] for found in each]
        for name, each in concurrency.items()
    }
    title = "Delay of an event, 99th percentile, in ms (10 events a second per stream)"
    write("streams.svg", plots.lines(title, across, series, unit="open streams in one process"))
    dollars = results["dollars"]["figures"]
    turns = [int(count) for count in dollars[OURS]]
    series = {
        name.partition(",")[0]: [dollars[name][str(count)] for count in turns]
        for name in (PLAIN, OURS)
    }
    write(
        "dollars.svg",
        plots.lines(
            "Dollars for a conversation with a prompt of 3,000 tokens",
            turns,
            series,
            unit="turns",
            show="{:.2f}",
        ),
    )


def write(name: str, svg: str) -> None:
    (IMAGES / name).write_text(svg, encoding="utf-8")


def main() -> int:
    results: Figures = json.loads(Path(sys.argv[1]).read_text())
    blocks = (measured_on, side_by_side, conversations, many_streams, others)
    text = "\n\n".join("\n".join(block(results)) for block in blocks)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page = f"{before}{BEGIN}\n{text}\n{END}{after}"
    PAGE.write_text(page, encoding="utf-8")
    draw(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
