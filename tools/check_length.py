#!/usr/bin/env python3
"""Fails when a source file is longer than 600 lines: one idea per file."""

import pathlib
import sys

LIMIT = 600
ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["danlu", "cli", "examples", "bench", "tests", "tools", "cmake"]
SUFFIXES = {".h", ".cpp", ".py", ".sh", ".cmake", ".def"}


def main():
    files = [ROOT / "dev", ROOT / "CMakeLists.txt"]
    for folder in FOLDERS:
        files += [p for p in (ROOT / folder).rglob("*") if p.suffix in SUFFIXES]
    too_long = []
    for path in files:
        with open(path, encoding="utf-8") as text:
            lines = sum(1 for _ in text)
        if lines > LIMIT:
            too_long.append(f"{path.relative_to(ROOT)}: {lines} lines, at most {LIMIT}")
    print("\n".join(too_long) or f"check_length: {len(files)} files, none over {LIMIT} lines")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
