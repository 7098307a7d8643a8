#!/usr/bin/env python3
"""Checks that includes between the folders of danlu/ run one way, and what headers may hold.

The rules are those of the table in docs/design.md. Each breach is printed as
`file:line: what is wrong`, and the exit status is 1.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> folders it may include; transitive.
MAY_INCLUDE = {
    "base": [],
    "core": ["base"],
    "ops": ["core"],
    "runtime": ["core"],
    "backends": ["runtime"],
    "compile": ["ops", "runtime"],
    "autodiff": ["ops", "compile"],
    "io": ["core"],
    "data": ["io"],
    "nn": ["autodiff", "data"],
    "optim": ["autodiff", "io"],
    "train": ["nn", "optim"],
    "interop": ["train"],
    "models": ["train"],
    "tune": ["train"],
    "explain": ["train"],
    "privacy": ["train"],
    "rl": ["train"],
    "distributed": ["train"],
}
# Of danlu/ops, kernels see the attribute structs and the names of the records.
ATTRS_READERS = {"runtime", "backends"}
OP_NAMES = "danlu/ops/registry.h"
# The attributes of these ops hold tile programs, which are runtime's.
TILE_RECORDS = {"danlu/ops/fused/tile.cpp", "danlu/ops/fused/matmul_tile_attrs.h"}
TILE_PROGRAM = "danlu/runtime/tile_program.h"
MAX_JSON_UNITS = 3  # nlohmann-json is the slowest header we use

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
DEFINE = re.compile(r"^\s*#\s*define\s+(\w+)")
THIRD_PARTY = re.compile(r"^(hwy|xbyak|fmt|nlohmann|CLI|gtest|gmock|benchmark|boost)/|^(dnnl|png|zlib|hdf5)")


def closure(folder):
    seen, todo = set(), [folder]
    while todo:
        for following in MAY_INCLUDE.get(todo.pop(), []):
            if following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def folder_of(path):
    """`base` for danlu/base/error.h, `` for danlu/danlu.h."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def arrow_is_right(path, target):
    source, wanted = folder_of(path), folder_of(target)
    if path in TILE_RECORDS and target == TILE_PROGRAM:
        return True
    if path.endswith("_attrs.h"):
        return wanted in ("core", "base") or target.endswith("_attrs.h")
    if source == "":
        return True  # danlu/danlu.h gathers everything
    if wanted == source or wanted in closure(source):
        return True
    visible = target.endswith("_attrs.h") or target == OP_NAMES
    return wanted == "ops" and visible and source in ATTRS_READERS


def check_file(path, breaches, json_units):
    header = path.endswith(".h")
    is_test = path.endswith("_test.cpp") or path.endswith("_bench.cpp")
    kernel = folder_of(path) == "backends"
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()

    def breach(number, text):
        breaches.append(f"{path}:{number}: {text}")

    guarded = any(line.strip() == "#pragma once" for line in lines)
    if header and not guarded and not path.endswith("-inl.h"):
        breach(1, "a header starts with #pragma once")
    for number, line in enumerate(lines, 1):
        define = DEFINE.match(line)
        if define and header and not kernel and f"#undef {define[1]}" not in lines:
            breach(number, f"public headers leave no macro behind ({define[1]})")
        include = INCLUDE.match(line)
        if not include:
            continue
        target = include[2]
        quoted = include[1] == '"' or target.startswith("danlu/")
        third_party = THIRD_PARTY.match(target)
        if third_party and folder_of(path) == "base" and not is_test:
            breach(number, f"danlu/base uses the standard library only ({target})")
        elif third_party and header and not kernel:
            breach(number, f"public headers include no library but std ({target})")
        if target.startswith("nlohmann/"):
            json_units.append(f"{path}:{number}")
        if not quoted or third_party:
            continue
        if not (ROOT / target).exists():
            breach(number, f'no such file from the root of the repository: "{target}"')
        elif not target.startswith("danlu/"):
            if not is_test:
                breach(number, f"the library includes only its own headers ({target})")
        elif not is_test and not arrow_is_right(path, target):
            breach(number, f"danlu/{folder_of(path)} may not include {target}")


def main():
    breaches, json_units = [], []
    files = sorted(
        str(p.relative_to(ROOT))
        for p in (ROOT / "danlu").rglob("*")
        if p.suffix in (".h", ".cpp")
    )
    for path in files:
        folder = folder_of(path)
        if folder and folder not in MAY_INCLUDE:
            breaches.append(f"{path}:1: danlu/{folder} has no line in tools/check_includes.py")
        check_file(path, breaches, json_units)
    for path in sorted((ROOT / "cli").rglob("*.cpp")):
        if "#include <nlohmann/" in path.read_text(encoding="utf-8"):
            json_units.append(str(path.relative_to(ROOT)))
    if len(json_units) > MAX_JSON_UNITS:
        breaches.append(
            f"nlohmann-json is included in {len(json_units)} files, at most {MAX_JSON_UNITS}: "
            + ", ".join(json_units)
        )
    print("\n".join(breaches) or f"check_includes: {len(files)} files, every arrow runs forward")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
