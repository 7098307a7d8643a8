#!/usr/bin/env python3
"""docs/ops.md: every function of keras.ops and keras.random, and what a run of the tests proved.

    tools/ops_table.py PROOF           writes docs/ops.md
    tools/ops_table.py PROOF --check   fails where docs/ops.md says something else

PROOF is the folder of records that danlu_names_test wrote (build/release/tests/proof).
"""

import difflib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "ops.md"
NAMES = ROOT / "tests" / "golden" / "names"

HEAD = """# The functions of keras.ops and keras.random in Danlu

Made by `tools/ops_table.py` from the names of Keras {keras} and the record of a test run; `./dev test`
fails when this page and the run differ. {proved} of {total} names are proved ({share:.1f} %),
{excepted} are left out with a reason, {missing} are missing.

- **✔** stands for a test that ran: every case of the name was computed through the public C++
  function and agreed with the numbers of Keras in value, dtype, shape and, where the derivative column
  says so, gradient; or, where Keras has no numbers to compare with, a test of its properties passed.
- **signature**: in C++ where a header of `danlu/ops` declares it under this name, else Keras's.
- **shapes**, **dtypes**: ranks and dtypes of the inputs in the proved cases (of the results where there
  are no inputs).
- **kernels**: the kernels of the op, or the ops that it is composed of; `fused` means that it also
  runs inside tile programs, `composed` that it becomes simpler ops when it is compiled.
- **accuracy**: the largest allowed ‖difference‖ / ‖Keras's float64 result‖ in that dtype.
"""

TITLES = {
    "numpy": "keras.ops: NumPy",
    "nn": "keras.ops: neural networks",
    "math": "keras.ops: mathematics",
    "core": "keras.ops: core",
    "linalg": "keras.ops.linalg",
    "image": "keras.ops.image",
    "einops": "keras.ops: einops",
    "random": "keras.random",
}


def cpp_signatures():
    """First declaration of each function of danlu/ops/*.h, on one line."""
    found = {}
    pattern = re.compile(r"^(?:inline )?((?:[\w:<>, ]+?)[ &])(\w+)\(((?:[^;{]|\{\})*)\)\s*(?:;|\{)", re.M)
    for path in sorted((ROOT / "danlu" / "ops").glob("*.h")):
        text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
        inside_random = "namespace random" in text
        for result, name, parameters in pattern.findall(text):
            if name.startswith("operator"):
                continue
            key = ("random", name) if inside_random else ("", name)
            found.setdefault(key, " ".join(f"{result.strip()} {name}({parameters})".split()))
    return found


def records(folder):
    """What the run says of each name, and the kernels of each op."""
    names, kernels = {}, {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        scope = "random" if path.stem.startswith("random") else ""
        for name, proof in record["names"].items():
            known = names.setdefault((scope, name), proof)
            if known is not proof:
                for key, value in proof.items():
                    if isinstance(value, bool):
                        known[key] |= value
                    elif isinstance(value, int):
                        known[key] += value
                    else:
                        known[key] = sorted({*known[key], *value})
        kernels.update(record["kernels"])
    return names, kernels


def ranks_text(ranks):
    digits = [rank for rank in ranks if rank != "empty"]
    text = " ".join(digits)
    if len(digits) > 2 and int(digits[-1]) - int(digits[0]) == len(digits) - 1:
        text = f"{digits[0]}–{digits[-1]}"
    return text + (", empty" if "empty" in ranks else "")


def kernels_text(name, proof, kernels):
    ops = [op for op in proof["ops"] if op in kernels]
    own = [op for op in ops if op == name]
    if own or len(ops) == 1:
        return f"{'' if own else ops[0] + ': '}{', '.join(kernels[(own or ops)[0]])}"
    plain = [op for op in ops if op not in ("cast", "reshape", "copy")]
    if len(plain) > 5:
        return "of " + ", ".join(plain[:5]) + f" and {len(plain) - 5} more"
    return "of " + ", ".join(plain or ops) if ops else "–"


def row(family, name, keras_signature, proofs, kernels, signatures, exceptions):
    """The table row and which of proved, excepted, missing it is."""
    scope = "random" if family == "random" else ""
    declared = next(
        (signatures[(scope, n)] for n in (name, name + "_") if (scope, n) in signatures), None
    )
    signature = f"`{declared or name + keras_signature}`".replace("|", "\\|")
    sentence = exceptions.get(family, {}).get(name)
    if sentence:
        return f"| `{name}` | {signature} | | | | | | {sentence} |", "excepted"
    proof = proofs.get((scope, name))
    if proof is None:
        return f"| `{name}` | {signature} | | | | | | not yet |", "missing"
    if proof["failed"]:
        return f"| `{name}` | {signature} | | | | | | fails |", "missing"
    derivative = "yes" if proof["gradients"] else "–"
    accuracy = ", ".join(proof["tolerances"]) or "properties"
    status = f"✔ {proof['cases']} cases" if proof["cases"] else "✔ properties"
    cells = [
        f"`{name}`",
        signature,
        ranks_text(proof["ranks"]),
        " ".join(proof["dtypes"]),
        derivative,
        kernels_text(name, proof, kernels),
        accuracy,
        status,
    ]
    return f"| {' | '.join(cells)} |", "proved"


def page(folder):
    content = json.loads((NAMES / "names.json").read_text(encoding="utf-8"))
    exceptions = json.loads((NAMES / "exceptions.json").read_text(encoding="utf-8"))
    proofs, kernels = records(folder)
    signatures = cpp_signatures()
    counts = {"proved": 0, "excepted": 0, "missing": 0}
    body = []
    for family, names in content["families"].items():
        body += ["", f"## {TITLES[family]}", ""]
        body.append("| name | signature | shapes | dtypes | derivative | kernels | accuracy | status |")
        body.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for name, keras_signature in names.items():
            line, kind = row(
                family, name, keras_signature, proofs, kernels, signatures, exceptions
            )
            body.append(line)
            counts[kind] += 1
    total = sum(counts.values())
    head = HEAD.format(
        keras=content["keras"], total=total, share=100 * counts["proved"] / total, **counts
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
        difflib.unified_diff(present.splitlines(), text.splitlines(), "docs/ops.md", "run", n=0)
    )
    if difference:
        print("\n".join(difference[:40]))
        print(f"\nops_table: docs/ops.md is out of date; tools/ops_table.py {sys.argv[1]} mends this")
        sys.exit(1)
    print("ops_table: docs/ops.md is what the run proved")


if __name__ == "__main__":
    main()
