"""Charts as pictures, by Matplotlib (https://matplotlib.org/stable/api/figure_api.html), without its state: no pyplot.

Matplotlib is imported when the first chart is drawn: it takes some 60 MB and half a second, which no other job needs.
"""

import io
import math
import threading
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from services.reports.domain.amounts import number, whole_units
from services.reports.domain.charts import Chart, Series
from shared.money import decimals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["png", "svg"]

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")
"""Told apart also by those who see few colours: Okabe and Ito, https://jfly.uni-koeln.de/color/. Beside each other, they
differ in lightness as well.
"""
INK, SOFT, LINE = "#1d1d1f", "#5f5f66", "#e4e4e0"
FONT_PIXELS: Final = 12.5
LEGEND_LENGTH: Final = 28
"""Signs of a name in the legend."""
LABELLED_BARS: Final = 8
"""So many bars have room for their heights in figures."""
SIGN_PIXELS: Final = 7.4
"""What a sign takes on the average."""
EDGE, HEAD, FOOT, FOOT_OF_WEEK, LEGEND_ROW = 12, 68, 30, 46, 21
"""Pixels: around everything, above the bars with title and subtitle, below them with one line of labels or two, and for
each row of the legend."""
WIDE: Final = 0.72
"""Of a place: what its bars take."""
SMALLEST: Final = 0.72
"""Of its size, before a text is cut."""
DPI: Final = 100
SETTINGS: Final[dict[str, Any]] = {
    "font.family": ["DejaVu Sans"],
    "font.size": FONT_PIXELS * 72 / DPI,
    "text.parse_math": False,
    "svg.hashsalt": "bellhop",
    "axes.unicode_minus": True,
}
"""DejaVu Sans comes with Matplotlib. Without `parse_math`, a dollar in a name stays a dollar."""

_ONE_AT_A_TIME = threading.Lock()
"""Matplotlib's settings and its caches of fonts are the process's own."""


def draw(
    chart: Chart, kind: Format, *, width: int = 720, height: int = 380, scale: float = 2.0, paths: bool = True
) -> bytes:
    """The chart as a PNG, with `scale` dots for each pixel, or as an SVG. A legend makes it higher than `height`.

    `paths` draws the letters of an SVG, so that they look the same everywhere; otherwise they stay text, in a font of the
    reader's. The same chart always gives the same bytes.
    """
    import matplotlib as mpl

    mpl.use("agg")
    settings: Any = {**SETTINGS, "svg.fonttype": "path" if paths else "none"}
    with _ONE_AT_A_TIME, warnings.catch_warnings(), mpl.rc_context(settings):
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure = _figure(chart, width, height)
        picture = io.BytesIO()
        if kind == "svg":
            figure.savefig(picture, format="svg", metadata={"Date": None, "Title": chart.title})
        else:
            figure.savefig(picture, format="png", dpi=DPI * scale, metadata={"Software": None, "Title": chart.title})
    return picture.getvalue()


def _figure(chart: Chart, width: int, height: int) -> "Figure":
    """Everything has its place in pixels, so that charts beside each other look alike."""
    from matplotlib.figure import Figure

    names = [_name(one) for one in chart.series] if chart.names_series and not chart.is_empty else []
    columns = _columns(names, width)
    rows = -(-len(names) // columns)
    high = height + rows * LEGEND_ROW
    figure = Figure(figsize=(width / DPI, high / DPI), dpi=DPI, facecolor="white")
    left = EDGE + 10 + SIGN_PIXELS * len(_said(chart, chart.highest * 9 // 8))
    right = EDGE if _is_short(chart) else EDGE + 12
    below = (FOOT_OF_WEEK if _is_short(chart) else FOOT) + rows * LEGEND_ROW
    axes = figure.add_axes((left / width, below / high, 1 - (left + right) / width, 1 - (below + HEAD) / high))
    _write(figure, chart.title, EDGE, color=INK, weight="bold", size=1.32)
    _write(figure, chart.subtitle, EDGE + 25, color=SOFT, weight="normal", size=1.0)
    _bars(axes, chart)
    _label(axes, chart, width - left - right)
    _axes(axes, chart, width - left - right)
    if names:
        _legend(figure, columns, width, high)
    if chart.is_empty:
        axes.text(0.5, 0.5, chart.nothing, transform=axes.transAxes, ha="center", va="center", color=SOFT, size="large")
    return figure


def _write(figure: "Figure", words: str, top: int, *, color: str, weight: str, size: float) -> None:
    """One line, made smaller, and in the end cut, to fit between the edges."""
    width, high = (inches * DPI for inches in figure.get_size_inches())
    points = size * FONT_PIXELS * 72 / DPI
    text = figure.text(EDGE / width, 1 - top / high, words, va="top", color=color, weight=weight, size=points)
    room = width - 2 * EDGE
    taken = text.get_window_extent().width
    if taken > room:
        text.set_fontsize(points * max(SMALLEST, room / taken))
    while text.get_window_extent().width > room and len(words) > 1:
        words = words[:-2].rstrip(" ·,") + "…"
        text.set_text(words)


def _bars(axes: "Axes", chart: Chart) -> None:
    below = [0.0] * len(chart.ticks)
    wide = WIDE / len(chart.series) if chart.beside else WIDE
    for index, (one, colour) in enumerate(zip(chart.series, COLOURS, strict=False)):
        tall = [value / _size(chart) for value in one.values]
        places = [place + (index * wide - (WIDE - wide) / 2 if chart.beside else 0) for place in range(len(tall))]
        style: Any = {"color": colour, "edgecolor": "white", "linewidth": 0.6, "label": _name(one)}
        axes.bar(places, tall, bottom=None if chart.beside else below, width=wide, **style)
        below = [under + height for under, height in zip(below, tall, strict=True)]


def _label(axes: "Axes", chart: Chart, width: float) -> None:
    """Write its height above each bar, where all of them have room beside each other."""
    bars = [one.values for one in chart.series] if chart.beside else [chart.totals]
    longest = max((len(_said(chart, value)) for values in bars for value in values), default=0)
    fitting = width / max(1, len(chart.ticks) * len(bars)) / max(1.0, longest * SIGN_PIXELS)
    if not _is_short(chart) or fitting < SMALLEST:
        return
    size = min(1.0, fitting) * FONT_PIXELS * 72 / DPI
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    style: Any = {"ha": "center", "color": INK, "size": size, "bbox": box, "textcoords": "offset points"}
    for index, values in enumerate(bars):
        aside = (index + 0.5) * WIDE / len(bars) - WIDE / 2
        for place, value in enumerate(values):
            if value:
                axes.annotate(_said(chart, value), (place + aside, value / _size(chart)), (0, 3), **style)


def _axes(axes: "Axes", chart: Chart, width: float) -> None:
    """From zero, in whole numbers, with as many labels as are readable."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    top = chart.highest / _size(chart)
    axes.set_ylim(0, top * 1.12 if top else 1)
    axes.set_xlim(-0.6, len(chart.ticks) - 0.4)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value), chart.language)))
    ticks = [tick.replace(" ", "\n") for tick in chart.ticks] if _is_short(chart) else list(chart.ticks)
    each = 10 + SIGN_PIXELS * max((len(line) for tick in ticks for line in tick.splitlines()), default=0)
    step = max(1, math.ceil(len(ticks) * each / max(1, width)))
    places = list(range(0, len(ticks), step))
    axes.set_xticks(places, [ticks[place] for place in places])
    axes.tick_params(length=0, colors=SOFT, labelcolor=INK, pad=6)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)
    if chart.is_empty:
        axes.set_yticks([0])


def _columns(names: Sequence[str], width: int) -> int:
    """How many names of the legend fit beside each other."""
    longest = max((len(name) for name in names), default=0)
    return max(1, min(len(names), int((width - 2 * EDGE) / (longest * SIGN_PIXELS + 34))))


def _legend(figure: "Figure", columns: int, width: int, high: int) -> None:
    figure.legend(
        loc="lower left",
        bbox_to_anchor=((EDGE - 4) / width, 6 / high),
        ncols=columns,
        frameon=False,
        labelcolor=INK,
        handlelength=1.0,
        handleheight=1.0,
        columnspacing=1.4,
        borderpad=0,
        borderaxespad=0,
    )


def _is_short(chart: Chart) -> bool:
    """Whether there is room for the weekdays, and for each bar's height in figures."""
    return len(chart.ticks) <= LABELLED_BARS


def _size(chart: Chart) -> int:
    """How many minor units make one of the axis."""
    return int(10 ** (decimals(chart.currency) if chart.currency else 0))


def _name(one: Series) -> str:
    label = " ".join(one.label.split())
    shown = label if len(label) <= LEGEND_LENGTH else label[: LEGEND_LENGTH - 1].rstrip() + "…"
    return f"\u2060{shown}" if shown.startswith("_") else shown  # Matplotlib leaves out of a legend what begins so


def _said(chart: Chart, value: int) -> str:
    return whole_units(value, chart.currency, chart.language) if chart.currency else number(value, chart.language)
