#!/usr/bin/env python3
"""Writes the C++ of README.md as a program, so that the build compiles it and a test runs it.

usage: extract_readme.py README.md OUTPUT.cpp

Every ```cpp block becomes a function, called in order from main(); #include and `using` lines
move to the top. A block that has a main() of its own must be the only one, and is taken as it is.
"""

import pathlib
import re
import sys


def program(blocks, name):
    if any(re.search(r"\bint main\s*\(", block) for block in blocks):
        if len(blocks) > 1:
            raise SystemExit(f"{name}: a C++ block with a main() must be the only one")
        return blocks[0]
    top, functions = [], []
    for number, block in enumerate(blocks, 1):
        body = []
        for line in block.splitlines():
            hoisted = re.match(r"(#include|using )", line)
            (top if hoisted else body).append(line)
        functions.append(f"void example_{number}() {{\n" + "\n".join(body) + "\n}\n")
    calls = "".join(f"  example_{n}();\n" for n in range(1, len(blocks) + 1))
    top = list(dict.fromkeys(top))
    return "\n".join(top) + "\n\n" + "\n".join(functions) + f"\nint main() {{\n{calls}}}\n"


def main():
    readme, output = map(pathlib.Path, sys.argv[1:])
    blocks = re.findall(r"^```(?:cpp|c\+\+)\n(.*?)^```", readme.read_text("utf-8"), re.M | re.S)
    if not blocks:
        raise SystemExit(f"{readme.name}: there is no ```cpp block to compile")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(program(blocks, readme.name), "utf-8")


if __name__ == "__main__":
    main()
