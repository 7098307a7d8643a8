#!/usr/bin/env python3
"""docs/parity.md: Keras's vocabulary around networks, and what a run of the golden tests proved.

    tools/parity_table.py PROOF           writes docs/parity.md
    tools/parity_table.py PROOF --check   fails where docs/parity.md says something else

PROOF is the folder of records that danlu_golden_test wrote (build/release/tests/parity).
"""

import difflib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "parity.md"
GOLDEN = ROOT / "tests" / "golden"

HEAD = """# Keras's layers, losses, metrics, optimizers, … in Danlu

Made by `tools/parity_table.py` from the names of Keras {keras} (`tests/golden/list_parity.py`) and the
record of a test run; `./dev test` fails when this page and the run differ. {proved} of {total} names are
proved ({share:.1f} %), {excepted} are left out with a reason, {missing} are missing.

**✔** stands for goldens that ran and passed: real Keras computed the numbers, Danlu's class was made from
Keras's config, and what the second column names was compared. docs/ops.md does the same for functions.

| family | names | proved |
| --- | --- | --- |
{summary}
"""


def row(name, proof, sentence):
    """The table row and which of proved, excepted, missing it is."""
    if proof and not proof["failed"]:
        aspects = ", ".join(proof["aspects"])
        return f"| `{name}` | {aspects} | ✔ {proof['cases']} cases |", "proved"
    if sentence:
        return f"| `{name}` | | why not: {sentence} |", "excepted"
    return f"| `{name}` | | {'fails' if proof else 'not yet'} |", "missing"


def proofs_of(folder, family):
    """What FAMILY.json and FAMILY.PART.json together record."""
    merged = {}
    for path in sorted(pathlib.Path(folder).glob(f"{family}.*json")):
        for name, proof in json.loads(path.read_text(encoding="utf-8")).items():
            known = merged.setdefault(name, {"cases": 0, "failed": 0, "aspects": []})
            known["cases"] += proof["cases"]
            known["failed"] += proof["failed"]
            known["aspects"] = sorted({*known["aspects"], *proof["aspects"]})
    return merged


def page(folder):
    content = json.loads((GOLDEN / "parity.json").read_text(encoding="utf-8"))
    exceptions = json.loads((GOLDEN / "parity_exceptions.json").read_text(encoding="utf-8"))
    counts = {"proved": 0, "excepted": 0, "missing": 0}
    body, summary = [], []
    for family, names in content["families"].items():
        proofs = proofs_of(folder, family)
        unknown = proofs.keys() - set(names)
        if unknown:
            sys.exit(f"parity_table: {family} has goldens of what Keras lacks: {sorted(unknown)}")
        body += ["", f"## {family.capitalize()}", "", "| name | compared | status |", "| --- | --- | --- |"]
        proved = 0
        for name in names:
            line, kind = row(name, proofs.get(name), exceptions.get(family, {}).get(name))
            body.append(line)
            counts[kind] += 1
            proved += kind == "proved"
        summary.append(f"| {family} | {len(names)} | {proved} |")
    total = sum(counts.values())
    head = HEAD.format(
        keras=content["keras"],
        total=total,
        share=100 * counts["proved"] / total,
        summary="\n".join(summary),
        **counts,
    )
    return head + "\n".join(body) + "\n"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    text = page(sys.argv[1])
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return
    present = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    difference = list(
        difflib.unified_diff(present.splitlines(), text.splitlines(), "docs/parity.md", "run", n=0)
    )
    if difference:
        print("\n".join(difference[:40]))
        print(f"\nparity_table: docs/parity.md is out of date; tools/parity_table.py {sys.argv[1]} mends this")
        sys.exit(1)
    print("parity_table: docs/parity.md is what the run proved")


if __name__ == "__main__":
    main()
