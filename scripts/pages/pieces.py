"""What the report pages are made of: tables, bars, curves and histograms as HTML and SVG, all in one file each."""

import math
import os
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from pipeline.files import write_bytes

POINTS = 600  # a curve: more cannot be seen
BINS = 40  # columns of a distribution
WIDTH, HEIGHT = 520, 250  # of a drawing, in its own units: it is scaled to the page
STYLE = Path(__file__).resolve().parents[1] / "report.css"


class Html(str):
    """Text that is HTML already."""


def html(value: object) -> Html:
    """Anything as HTML; what is not, escaped."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def link(text: str, url: str) -> Html:
    """To a page of the web or a file beside this one; any other address stays text."""
    safe = url.startswith(("https://", "http://")) or (url and ":" not in url)
    return Html(f'<a href="{escape(url)}">{escape(text)}</a>') if safe else html(text)


def code(text: str) -> Html:
    return Html(f"<code>{escape(text)}</code>")


def page(title: str, body: str) -> bytes:
    made = time.strftime("%Y-%m-%d %H:%M")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width">\n'
        f"<title>{escape(title)}</title><style>\n{STYLE.read_text(encoding='utf-8')}</style></head>\n<body><h1>{escape(title)}</h1>"
        f'<p class="soft small">made {made} by scripts/report.py</p>\n{body}\n</body></html>\n'
    ).encode()


def short(number: float) -> str:
    """1234567 -> '1.23M'; 999 -> '999'; 0.00021 -> '0.00021'"""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def facts(values: Mapping[str, object]) -> str:
    return (
        '<div class="facts">'
        + "".join(f'<div class="fact"><b>{html(v)}</b>{html(k)}</div>' for k, v in values.items())
        + "</div>"
    )


def bars(rows: Sequence[tuple[str, float, str]], second: bool = False, alarms: Sequence[str] = ()) -> str:
    """rows: (name, value, what stands behind the bar); alarms: names of bars that are red"""
    largest = max((value for _, value, _ in rows), default=0) or 1

    def kind(name: str) -> str:
        return " alarm" if name in alarms else " b" * second

    return (
        '<div class="bars small">'
        + "".join(
            f'<span>{html(name)}</span><div><div class="bar{kind(name)}" '
            f'style="width:{100 * value / largest:.2f}%"></div></div>'
            f"<span>{html(text)}</span>"
            for name, value, text in rows
        )
        + "</div>"
    )


def table(head: list[str], rows: list[list], right: int = 99) -> str:
    """right: columns from this one on are numbers, set to the right."""

    def cells(tag, row):
        return "".join(f"<{tag}{' class=right' * (i >= right)}>{html(cell)}</{tag}>" for i, cell in enumerate(row))

    return (
        f'<div class="wide"><table class="small"><tr>{cells("th", head)}</tr>'
        + "".join(f"<tr{' class=sum' * (str(row[0]) == 'together')}>{cells('td', row)}</tr>" for row in rows)
        + "</table></div>"
    )


def fold(title: object, texts: Sequence[object], more: Sequence[object] = ()) -> str:
    """Texts to be opened with a click; `more` with another one inside."""
    inner = "".join(f"<pre>{html(text)}</pre>" for text in texts)
    inner += fold(f"{len(more):,} more", more) if more else ""
    return f"<details><summary>{html(title)}</summary>{inner}</details>"


def excerpt(text: str, length: int = 900) -> str:
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from low to high, about `count` of them."""
    rough = (high - low) / count or 1.0
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def axes(
    title: str, x: tuple[float, float], y: tuple[float, float], inner: str, labels: Sequence[tuple[str, str]] = ()
) -> str:
    """A drawing with a grid; inner is drawn in its coordinates. labels: (name, colour)"""

    def sx(value):
        return 48 + (value - x[0]) / (x[1] - x[0]) * (WIDTH - 58)

    def sy(value):
        return HEIGHT - 24 - (value - y[0]) / (y[1] - y[0]) * (HEIGHT - 50)

    lines = "".join(
        f'<line x1="48" x2="{WIDTH - 10}" y1="{sy(v):.1f}" y2="{sy(v):.1f}" stroke="var(--line)"/>'
        f'<text x="42" y="{sy(v) + 4:.1f}" text-anchor="end">{short(v)}</text>'
        for v in ticks(*y)
    )
    lines += "".join(
        f'<text x="{sx(v):.1f}" y="{HEIGHT - 7}" text-anchor="middle">{short(v)}</text>' for v in ticks(*x)
    )
    legend = "".join(f'<tspan fill="{colour}"> ■ {escape(name)} </tspan>' for name, colour in labels)
    about = " ".join([title, ", ".join(name for name, _ in labels)]).strip()
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(about)}">{lines}{inner}'
        f'<text x="48" y="14"><tspan font-weight="600" fill="var(--ink)">{escape(title)}</tspan>{legend}</text></svg>'
    )


def curves(series: dict[str, list[tuple[float, float]]]) -> str:
    """Up to four lines over the steps, by name; what the names begin with alike is the title. A steep beginning runs
    out of the picture, so that the rest can be seen."""
    points = [p for line in series.values() for p in line]
    last = max(p[0] for p in points)
    x = (0.0, last or 1.0)
    values, settled = [p[1] for p in points], [p[1] for p in points if p[0] >= 0.03 * last]
    if max(values) - min(values) <= 2 * (max(settled) - min(settled)):
        settled = values  # the beginning is not so steep
    low, high = min(settled), max(settled)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    y = (0.0 if 0 <= low < (high - low) else low - room, high + room)
    # points at the edges stay whole
    inner = f'<clipPath id="c"><rect x="45" y="17" width="{WIDTH - 52}" height="{HEIGHT - 38}"/></clipPath>'
    colours = [f"var(--{letter})" for letter in "abcd"[: len(series)]]
    for line, colour in zip(series.values(), colours, strict=True):
        line = thin(line, POINTS)
        places = [
            (48 + (px - x[0]) / (x[1] - x[0]) * (WIDTH - 58), HEIGHT - 24 - (py - y[0]) / (y[1] - y[0]) * (HEIGHT - 50))
            for px, py in line
        ]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        inner += (
            f'<polyline clip-path="url(#c)" fill="none" stroke="{colour}" stroke-width="1.5" '
            f'stroke-linejoin="round" points="{path}"/>'
        )
        if len(line) <= 40:
            inner += "".join(
                f'<circle clip-path="url(#c)" cx="{across:.1f}" cy="{down:.1f}" r="2.5" '
                f'fill="{colour}"><title>step {px:,.0f}: {py:.4g}</title></circle>'
                for (across, down), (px, py) in zip(places, line)
            )
    if len(series) == 1:
        return axes(next(iter(series)), x, y, inner)
    shared = os.path.commonprefix(list(series)).rpartition(" ")[0]  # val loss memory, val loss passage ...
    labels = [(name.removeprefix(shared).strip(), colour) for name, colour in zip(series, colours)]
    return axes(shared, x, y, inner, labels)


def thin(line: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Means of neighbouring points, at most `most` of them."""
    size = math.ceil(len(line) / most)
    groups = [line[i : i + size] for i in range(0, len(line), size)]
    return [(group[-1][0], sum(p[1] for p in group) / len(group)) for group in groups]


def histogram(title: str, values: list[int], weights: list[int], names: tuple[str, str]) -> str:
    """Shares by powers of two: of the items (a), and of their weight (b)."""
    bins = [max(0, v).bit_length() for v in values]
    low, high = min(bins), max(bins)
    items, weight = dict.fromkeys(range(low, high + 1), 0), dict.fromkeys(range(low, high + 1), 0)
    for b, w in zip(bins, weights):
        items[b] += 1
        weight[b] += w
    most = max([n / len(values) for n in items.values()] + [w / (sum(weights) or 1) for w in weight.values()])
    column, inner = (WIDTH - 58) / len(items), ""
    for i, b in enumerate(items):
        left, pair = 48 + i * column, ((items[b] / len(values), "a"), (weight[b] / (sum(weights) or 1), "b"))
        for j, (share, colour) in enumerate(pair):
            tall = share / (most * 1.05) * (HEIGHT - 50)
            inner += (
                f'<rect x="{left + column * (0.1 + 0.4 * j):.1f}" y="{HEIGHT - 24 - tall:.1f}" '
                f'width="{column * 0.38:.1f}" height="{tall:.1f}" '
                f'rx="1" fill="var(--{colour})"><title>{short(2**b // 2)}–{short(2**b)}: {share:.1%} of the '
                f"{names[j]}</title></rect>"
            )
        if i % math.ceil(len(items) / 9) == 0:
            inner += f'<text x="{left:.1f}" y="{HEIGHT - 7}">{short(2**b // 2)}</text>'
    y = (0.0, most * 105)
    grid = axes(title, (0.0, 1.0), y, inner, [(f"% of the {name}", f"var(--{c})") for name, c in zip(names, "ab")])
    return grid.replace(
        'text-anchor="middle"', 'text-anchor="middle" visibility="hidden"'
    )  # the bins have their own names


def spread(title: str, values: Sequence[float], limits: Sequence[float], most: float | None = None) -> str:
    """How values are distributed, in BINS columns, with the thresholds as lines. most: larger ones count as that."""
    ends = [*values, *limits]
    low, high = min(ends), max(ends) if most is None else most
    high = high if high > low else low + 1
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((min(value, high) - low) / (high - low) * BINS))] += 1
    tallest, wide = max(counts), (WIDTH - 58) / BINS
    inner = "".join(
        f'<rect x="{48 + i * wide:.1f}" y="{HEIGHT - 24 - (tall := n / tallest * (HEIGHT - 52)):.1f}" '
        f'width="{wide - 1:.1f}" height="{tall:.1f}" fill="var(--a)"><title>from '
        f"{short(low + i * (high - low) / BINS)}: {n:,}</title></rect>"
        for i, n in enumerate(counts)
    )
    for limit in limits:
        at = 48 + (limit - low) / (high - low) * (WIDTH - 58)
        inner += f'<line x1="{at:.1f}" x2="{at:.1f}" y1="20" y2="{HEIGHT - 24}" class="limit"/>'
    return axes(title, (low, high), (0.0, float(tallest)), inner)


def write(path: Path, title: str, parts: list[str]) -> None:
    write_bytes(path, page(title, "\n".join(part for part in parts if part)))
    print(f"{path}: open it in a browser")
