"""docs/op-benchmarks.md, from the record that run_ops.py writes."""

import math

from report import duration, grid

LABELS = {"torch": "PyTorch", "jax": "JAX", "numpy": "NumPy"}
ASKED = 1 / 1.3


def peers_of(record):
    return [name for name in LABELS if any(name in r["peers"] for r in record["results"])]


def cell(peer, fastest):
    if peer is None:
        return "–"
    if "us" not in peer:
        return "fails"
    text = duration(peer["us"] / 1000)
    return f"**{text}**" if fastest else text


def ratio_text(result):
    ratio = result["ratio_fastest"]
    if ratio is None:
        return "–"
    return f"{ratio:.2f}×" + (" ↓" if ratio < ASKED else "") + ("*" if result["busy"] else "")


def shape_text(shapes):
    return ", ".join("×".join(map(str, shape)) for shape in shapes)


def line(result):
    """One result in one line, for the terminal."""
    if "danlu" not in result:
        return f"{result['op']} {result['size']}: no round counted ({result['discarded'][-1]})"
    times = ", ".join(f"{name} {cell(peer, False)}" for name, peer in result["peers"].items())
    return (f"{result['op']} {result['size']}: danlu {duration(result['danlu']['us'] / 1000)}, "
            f"{times}: {ratio_text(result)}")


def table(record, threads):
    peers = peers_of(record)
    rows = []
    for result in record["results"]:
        if result["threads"] != threads:
            continue
        danlu = result.get("danlu")
        rows.append([f"`{result['op']}` {result['size']}", shape_text(result["shapes"]),
                     duration(danlu["us"] / 1000) if danlu else "–"] +
                    [cell(result["peers"].get(name), name == result.get("fastest"))
                     for name in peers] + [ratio_text(result)])
    return grid(["op", "float32 inputs", "Danlu"] + [LABELS[name] for name in peers] +
                ["fastest peer / Danlu"], rows)


def summary(record, threads):
    """Fastest peer / Danlu by family (geometric mean over its ops) and size."""
    results = [r for r in record["results"] if r["threads"] == threads and r["ratio_fastest"]]
    sizes = list(dict.fromkeys(r["size"] for r in results))
    rows = []
    for family in dict.fromkeys(r["family"] for r in results):
        row = [family]
        for size in sizes:
            ratios = [r["ratio_fastest"] for r in results
                      if (r["family"], r["size"]) == (family, size)]
            mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
            row.append("–" if mean is None else f"{mean:.2f}×")
        rows.append(row)
    return grid(["family"] + sizes, rows) if rows else ""


def below(record, threads):
    names = [f"`{r['op']}` {r['size']} ({r['ratio_fastest']:.2f}×)" for r in record["results"]
             if r["threads"] == threads and r["ratio_fastest"] and r["ratio_fastest"] < ASKED]
    return (f"Below {ASKED:.2f}×: " + ", ".join(names) + "." if names else
            f"None is below {ASKED:.2f}×.")


def tables(record):
    parts = []
    for threads in sorted({r["threads"] for r in record["results"]}, reverse=True):
        parts.append(f"## {threads} thread" + ("s" if threads > 1 else ""))
        if any(r["ratio_fastest"] for r in record["results"]):
            parts += [summary(record, threads), below(record, threads)]
        parts.append(table(record, threads))
    return "\n\n".join(parts)


def document(record):
    found = record["machine"]
    versions = ", ".join(f"{LABELS.get(name, 'Danlu')} {v}" for name, v in found["versions"].items())
    return f"""# Single ops beside PyTorch, JAX and NumPy

Written by `./dev bench ops --publish`; the record is [op-benchmarks.json](op-benchmarks.json).

Machine: {found['cpu']}, {found['cores']} cores ({', '.join(found['isa'])}), \
{found['memory_gb']} GB; {found['date']}. Versions: {versions}.

The first table of each part is the time of the fastest peer divided by Danlu's, by family (geometric \
mean over its ops) and size; more than 1 means that Danlu is faster, and {ASKED:.2f} (1/1.3) is what is \
asked of every op at every size. ↓ marks what is below that, * what a busy machine gave.

{tables(record)}

## How it is measured

- Danlu: a function through `jit`, called from C++ on Arrays. PyTorch: its own function, eager, without \
gradients; where layouts or functions to choose from exist, the fastest counts. JAX: a function through \
`jax.jit`; each call waits for its result. NumPy: its own functions, in as few passes as they allow, \
where it has any.
- All compute the same float32 inputs, made from the same integer hash, and results are dropped before \
the next call. Before the time of a peer counts, its result must be within 1e-4 of the greatest \
magnitude of Danlu's.
- Every contestant is one process, pinned to as many cores as it has threads and stopped while it is not \
its turn. In each round all have a turn, one after the other; a time is the median of the rounds. A round \
counts only when other processes used less than 0.08 of a core.
"""
