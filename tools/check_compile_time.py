#!/usr/bin/env python3
"""Fails when one file takes too long to compile.

usage: check_compile_time.py BUILD_FOLDER

Ninja's log says how long each object of this tree took, by the clock. A file over the limit is
compiled once more, alone and past ccache, and judged by the processor time of that run, so that
a busy machine makes no slow files. A file that ccache answered took next to no time and passes:
the run that filled the cache, or a clean machine, is the one that judges it.
"""

import json
import os
import pathlib
import resource
import shlex
import subprocess
import sys
import tempfile

LIMIT_SECONDS = 20.0


def logged_seconds(build):
    """object -> seconds of its last compilation, from .ninja_log."""
    seconds = {}
    for line in (build / ".ninja_log").read_text().splitlines():
        if line.startswith("#"):
            continue
        start, end, _, output, _ = line.split("\t")
        if output.endswith(".o"):
            seconds[output] = (int(end) - int(start)) / 1000
    return seconds


def compiler_command(entry, output):
    """The command of one compile_commands.json entry, without ccache, writing to `output`."""
    words = shlex.split(entry["command"])
    while "=" in words[0] or os.path.basename(words[0]) in ("env", "ccache"):
        words = words[1:]
    words[words.index("-o") + 1] = output
    return words


def processor_seconds(entry):
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    with tempfile.TemporaryDirectory() as folder:
        before = used()
        command = compiler_command(entry, os.path.join(folder, "unit.o"))
        subprocess.run(command, cwd=entry["directory"], check=True)
        return used() - before


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    seconds = logged_seconds(build)
    entries = {
        entry.get("output") or shlex.split(entry["command"])[-3]: entry
        for entry in json.loads((build / "compile_commands.json").read_text())
    }
    slow = []
    for output, logged in sorted(seconds.items(), key=lambda item: -item[1]):
        if logged <= LIMIT_SECONDS or output not in entries:
            continue
        alone = processor_seconds(entries[output])
        print(f"{output}: {logged:.1f} s by the clock, {alone:.1f} s of processor time alone")
        if alone > LIMIT_SECONDS:
            slow.append(output)
    if slow:
        print(f"Split these, or include less in them: at most {LIMIT_SECONDS:.0f} s each.")
        return 1
    slowest = max(seconds.items(), key=lambda item: item[1], default=("nothing", 0.0))
    print(f"check_compile_time: {len(seconds)} objects, slowest {slowest[0]} {slowest[1]:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
