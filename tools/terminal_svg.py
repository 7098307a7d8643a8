#!/usr/bin/env python3
"""Draws what a program wrote to a terminal as an SVG picture.

usage: terminal_svg.py CAPTURE OUTPUT.svg [FIRST-LAST[,FIRST-LAST]... ...]

CAPTURE holds the bytes as the terminal got them, e.g. from `script -q -c 'build/danlu demo'
CAPTURE`. Each FIRST-LAST is a range of lines, counted from 1. Ranges with a comma between
them stand below each other, others side by side.
Understood are carriage returns, bold, the 8 and the 256 colours; that is all Danlu writes.
"""

import html
import re
import sys

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 7.2, 16, 12, 14
PAPER, INK = "#fbfbf8", "#24292f"
BASIC = {1: "#b42318", 2: "#1a7f37", 3: "#9a6700", 4: "#0550ae", 7: "#c4c9cf"}
LEVELS = [0, 95, 135, 175, 215, 255]
SGR = re.compile(r"\x1b\[([0-9;]*)m")


def color_256(index):
    if index < 16:
        return "#000000" if index == 0 else BASIC.get(index % 8, INK)
    if index >= 232:
        gray = 8 + 10 * (index - 232)
        return f"#{gray:02x}{gray:02x}{gray:02x}"
    index -= 16
    return "#" + "".join(f"{LEVELS[index // step % 6]:02x}" for step in (36, 6, 1))


class Style:
    def __init__(self, fore=None, back=None, bold=False):
        self.fore, self.back, self.bold = fore, back, bold

    def changed(self, codes):
        style = Style(self.fore, self.back, self.bold)
        numbers = [int(code or 0) for code in codes.split(";")]
        while numbers:
            code = numbers.pop(0)
            if code == 0:
                style = Style()
            elif code == 1:
                style.bold = True
            elif code in (38, 48):
                color = color_256(numbers[1])
                numbers = numbers[2:]
                if code == 38:
                    style.fore = color
                else:
                    style.back = color
            elif 30 <= code <= 37:
                style.fore = BASIC.get(code - 30, INK)
        return style

    def key(self):
        return (self.fore, self.back, self.bold)


def cells_of(line):
    """What stands in the line at the end: (character, style) for each column."""
    cells, column, style = [], 0, Style()
    position = 0
    while position < len(line):
        match = SGR.match(line, position)
        if match:
            style = style.changed(match[1])
            position = match.end()
            continue
        character = line[position]
        position += 1
        if character == "\r":
            column = 0
            continue
        cells += [(" ", Style())] * (column + 1 - len(cells))
        cells[column] = (character, style)
        column += 1
    return cells


def draw_line(cells, left, top, out):
    def rectangle(column, count, color, y, height):
        out.append(
            f'<rect x="{left + column * CELL_WIDTH:.1f}" y="{y:.1f}" '
            f'width="{count * CELL_WIDTH + 0.3:.1f}" height="{height:.1f}" fill="{color}"/>'
        )

    start = 0
    while start < len(cells):
        end = start + 1
        block = cells[start][0] == "▀"
        key = cells[start][1].key()
        while end < len(cells) and cells[end][1].key() == key and (cells[end][0] == "▀") == block:
            end += 1
        style = cells[start][1]
        text = "".join(character for character, _ in cells[start:end])
        if style.back:
            rectangle(start, end - start, style.back, top, CELL_HEIGHT + 0.3)
        if block:
            rectangle(start, end - start, style.fore or INK, top, CELL_HEIGHT / 2)
        elif text.strip():
            weight = ' font-weight="bold"' if style.bold else ""
            fill = f' fill="{style.fore}"' if style.fore else ""
            out.append(
                f'<text x="{left + start * CELL_WIDTH:.1f}" y="{top + 12:.1f}" '
                f'textLength="{(end - start) * CELL_WIDTH:.1f}"{weight}{fill}>'
                f"{html.escape(text)}</text>"
            )
        start = end


def main():
    capture, output, *ranges = sys.argv[1:]
    with open(capture, encoding="utf-8", newline="") as file:
        lines = [cells_of(line) for line in file.read().replace("\r\n", "\n").split("\n")]
    columns = []
    for text in ranges or [f"1-{len(lines)}"]:
        column = []
        for part in text.split(","):
            first, last = map(int, part.split("-"))
            column += lines[first - 1 : last]
        columns.append(column)
    out, left, height = [], MARGIN, max(map(len, columns)) * CELL_HEIGHT + 2 * MARGIN
    for column in columns:
        for number, cells in enumerate(column):
            draw_line(cells, left, MARGIN + number * CELL_HEIGHT, out)
        left += max(map(len, column)) * CELL_WIDTH + 3 * MARGIN
    width = left - 2 * MARGIN
    with open(output, "w", encoding="utf-8") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
            f'viewBox="0 0 {width:.0f} {height}" font-family="DejaVu Sans Mono, Menlo, Consolas, '
            f'monospace" font-size="{FONT_SIZE}" fill="{INK}" xml:space="preserve">\n'
            f'<rect width="100%" height="100%" rx="8" fill="{PAPER}" stroke="#d0d7de"/>\n'
        )
        file.write("\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    main()
