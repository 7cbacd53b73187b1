"""Results as an SVG: a point for the median and a line from the fastest to the slowest run, on a logarithmic axis of
time, one panel for each workload. Written by hand, so that it needs no library."""

import math
from html import escape

from results import Results, show_seconds

WIDTH, LEFT, RIGHT = 920, 270, 170
ROW, GROUP, HEAD, FOOT = 18, 30, 58, 34
# By contender, told apart by people who do not see all colours (Okabe and Ito); dyad is the dark one.
COLOURS = {"dyad": "#000000", "dyad-exe": "#56b4e9", "dyad-watch": "#009e73", "cmake": "#d55e00",
           "cmake-pch": "#e69f00", "cmake-discover": "#f0e442", "cmake-ccache": "#cc79a7", "go": "#0072b2"}


def draw(results: Results) -> str:
    panels, y = [], 0
    for workload in results.workloads:
        text, height = draw_panel(results, workload, y)
        panels.append(text)
        y += height
    style = ("text{font:12px sans-serif;fill:#222}.title{font-size:16px;font-weight:bold}.group{font-weight:bold}"
             ".tick{fill:#666;text-anchor:middle}.name{text-anchor:end}")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">\n'
            f"<style>{style}</style>\n"
            f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n' + "\n".join(panels) + "\n</svg>\n")


def draw_panel(results: Results, workload: str, top: int) -> tuple[str, int]:
    scenarios = results.rows(workload)
    times = [seconds for rows in scenarios.values() for row in rows for seconds in row.seconds]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    high = max(high, low + 1)

    def x_of(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - low) / (high - low)

    height = HEAD + FOOT + sum(GROUP + ROW * len(rows) for rows in scenarios.values())
    bottom = top + height - FOOT
    lines = [f'<text class="title" x="12" y="{top + 24}">{escape(workload)}: time, less is better</text>']
    for power in range(low, high + 1):
        x = x_of(10.0**power)
        lines.append(f'<path d="M{x:.1f} {top + HEAD - 8}V{bottom}" stroke="#ddd"/>')
        lines += [f'<text class="tick" x="{x:.1f}" y="{at}">{show_seconds(10.0**power)}</text>'
                  for at in (top + HEAD - 12, bottom + 16)]
    y = top + HEAD
    for scenario, rows in scenarios.items():
        lines.append(f'<text class="group" x="12" y="{y + 16}">{escape(results.scenarios[scenario])}</text>')
        y += GROUP
        for row in rows:
            lines += draw_row(results, row, rows[0], y, x_of)
            y += ROW
    return "\n".join(lines), height


def draw_row(results: Results, row, dyad, y: int, x_of) -> list[str]:
    colour, middle = COLOURS.get(row.contender, "#999999"), y + 4
    first, last, median = x_of(min(row.seconds)), x_of(max(row.seconds)), x_of(row.median)
    text = show_seconds(row.median)
    if row is not dyad and dyad.contender == "dyad":
        text += f"; dyad: {dyad.median / row.median:.3g} x"
    return [f'<text class="name" x="{LEFT - 14}" y="{y + 8}">{escape(results.labels[row.contender])}</text>',
            f'<path d="M{first:.1f} {middle}H{last:.1f}" stroke="{colour}" stroke-width="3" stroke-linecap="round" '
            'opacity="0.5"/>',
            f'<circle cx="{median:.1f}" cy="{middle}" r="5" fill="{colour}"/>',
            f'<text x="{WIDTH - RIGHT + 14}" y="{y + 8}">{text}</text>']
