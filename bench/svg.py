"""svg: the two kinds of charts in docs/, by hand: bars, and lines over a number.

Plain text elements and two colour schemes, chosen by the reader's preference.
"""

from xml.sax.saxutils import escape

STYLE = """<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .note { font-size: 11px; fill: #57606a }
  .axis { stroke: #8c959f; stroke-width: 1 }
  .grid { stroke: #d0d7de; stroke-width: 1 }
  .a { fill: #0969da; stroke: #0969da } .b { fill: #bf5700; stroke: #bf5700 }
  .c { fill: #1a7f37; stroke: #1a7f37 } polyline.line { fill: none; stroke-width: 2 }
  text.a, text.b, text.c { stroke: none; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 } .axis { stroke: #656c76 }
    .grid { stroke: #30363d }
    .a { fill: #58a6ff; stroke: #58a6ff } .b { fill: #f0883e; stroke: #f0883e }
    .c { fill: #56d364; stroke: #56d364 }
  }
</style>"""


def page(width, height, title, body):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}">\n{STYLE}\n'
            f'<text class="title" x="16" y="26">{escape(title)}</text>\n'
            + "\n".join(body) + "\n</svg>\n")


def text(x, y, content, kind="", anchor="start"):
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(content)}</text>'


def bars(title, note, rows):
    """rows: (label, value, class), drawn in this order."""
    left, room, top = 200, 390, 46
    most = max(value for _, value, _ in rows)
    body = []
    for i, (label, value, kind) in enumerate(rows):
        y, width = top + 34 * i, room * value / most
        body += [text(left - 10, y + 17, label, anchor="end"),
                 f'<rect class="{kind}" x="{left}" y="{y}" width="{width:.1f}" height="24" rx="2"/>',
                 text(left + width + 8, y + 17, f"{value:,.0f}")]
    bottom = top + 34 * len(rows)
    body.append(text(16, bottom + 18, note, "note"))
    return page(680, bottom + 32, title, body)


def ticks(most):
    """Round numbers from 0 up to `most`, four to eight of them."""
    step = next(s for e in range(-3, 9) for s in (10 ** e, 2 * 10 ** e, 5 * 10 ** e) if most / s <= 7)
    return [step * i for i in range(int(most / step) + 1)]


def apart(ys, least=14):
    """The same heights, from below, but no nearer to each other than a line of text."""
    out = list(ys)
    order = sorted(range(len(out)), key=lambda i: -out[i])
    for below, i in zip(order, order[1:]):
        out[i] = min(out[i], out[below] - least)
    return out


def lines(title, note, x_label, series):
    """series: (label, class, [(x, y)])."""
    left, right, top, bottom = 56, 590, 52, 292
    most_x = max(x for _, _, points in series for x, _ in points)
    most_y = 1.08 * max(y for _, _, points in series for _, y in points)

    def at(x, y):
        return left + (right - left) * x / most_x, bottom - (bottom - top) * y / most_y

    body = []
    for tick in ticks(most_y):
        y = at(0, tick)[1]
        body += [f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>',
                 text(left - 8, y + 4, f"{tick:g}", "note", "end")]
    for tick in ticks(most_x):
        body.append(text(at(tick, 0)[0], bottom + 18, f"{tick:,g}", "note", "middle"))
    body.append(f'<line class="axis" x1="{left}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    ends = apart([at(*points[-1])[1] for _, _, points in series])
    for (label, kind, points), end in zip(series, ends):
        where = [at(x, y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        body.append(f'<polyline class="{kind} line" points="{path}"/>')
        body += [f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in where]
        x, y = where[-1]
        body.append(text(x + 9, end + 4, label, kind) if x > right - 1 else
                    text(x, y - 10, label, kind, "middle"))
    body += [text((left + right) / 2, bottom + 38, x_label, anchor="middle"),
             text(16, bottom + 62, note, "note")]
    return page(680, bottom + 76, title, body)
