"""docs/benchmarks.md and its picture, from the record that run.py writes.

    python3 bench/peers/report.py docs/benchmarks.json docs
"""

import html
import json
import math
import pathlib
import sys

ORDER = ["torch", "torch-compile", "tensorflow", "tensorflow-xla", "jax", "keras"]
LABELS = {"danlu": "Danlu", "torch": "PyTorch", "torch-compile": "PyTorch compiled",
          "tensorflow": "TensorFlow", "tensorflow-xla": "TensorFlow XLA", "jax": "JAX",
          "keras": "Keras `fit`"}
COLORS = {"danlu": "#c2410c", "torch": "#64748b", "torch-compile": "#94a3b8",
          "tensorflow": "#0f766e", "tensorflow-xla": "#5eead4", "jax": "#6d28d9",
          "keras": "#c4b5fd"}


def duration(ms):
    """Three digits with a unit: `3.91 ms`, `12.4 µs`, `5.02 s`."""
    if ms is None:
        return "–"
    for unit, factor in (("s", 1e-3), ("ms", 1), ("µs", 1e3)):
        if ms * factor >= 1 or unit == "µs":
            value = ms * factor
            digits = max(0, 2 - max(0, math.floor(math.log10(value)))) if value > 0 else 0
            return f"{value:.{digits}f} {unit}"
    return "–"


def number(value, digits=1):
    return "–" if value is None else f"{value:.{digits}f}"


def grid(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def name_of(result):
    """A workload with its precision, unless that is float32."""
    precision = result["precision"]
    return f"`{result['workload']}`" + ("" if precision == "float32" else f", {precision}")


def peers_of(record):
    seen = {name for result in record["results"] for name in result["peers"]}
    return [name for name in ORDER if name in seen]


def cell(peer, fastest):
    if peer is None:
        return ""
    if "ms" not in peer:
        return "fails"
    text = duration(peer["ms"])
    if not peer.get("counts", True):
        return text + " (other losses)"
    return f"**{text}**" if fastest else text


def quality(result):
    if "error" in result:
        return "Danlu fails"
    if result.get("busy"):
        return f"busy machine, rounds not trusted: {len(result['discarded'])}"
    if result["curves_agree"] is None:
        return ""
    return "agree" if result["curves_agree"] else "DISAGREE"


def step_table(record, threads):
    peers = peers_of(record)
    rows = []
    for result in record["results"]:
        if result["threads"] != threads:
            continue
        share = result.get("roofline_share")
        ratio = result["ratio_fastest"]
        rows.append(
            [name_of(result), duration(result["danlu_ms"])] +
            [cell(result["peers"].get(name), name == result.get("fastest")) for name in peers] +
            [f"{ratio:.2f}×" if ratio else "–", duration(result["roofline_ms"]),
             f"{100 * share:.0f} %" if share and share > 0.005 else "–", quality(result)])
    head = ["workload", "Danlu"] + [LABELS[name] for name in peers] + [
        "fastest peer / Danlu", "roofline", "Danlu's share of it", "loss curves"]
    return grid(head, rows)


def geometric_mean(record, threads, names):
    ratios = [r["ratio_fastest"] for r in record["results"]
              if r["threads"] == threads and r["workload"] in names and r["ratio_fastest"]
              and r["precision"] == "float32"]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def notes(record, threads):
    """Sentences that the table does not say."""
    lines = []
    mean = geometric_mean(record, threads, ("mlp", "cnn", "mnist-cnn", "vgg-small"))
    if mean:
        lines.append(f"Geometric mean over the networks: **{mean:.2f}×**.")
    for result in record["results"]:
        if result["threads"] != threads or result["danlu_ms"] is None:
            continue
        name = name_of(result)
        if result["workload"] in ("linear-regression", "xor"):
            epoch = result["danlu_ms"] * result["steps_per_epoch"]
            lines.append(f"{name}: an epoch of `fit(verbose=0)` takes {duration(epoch)}, a bound "
                         f"step {duration(result.get('bound_step_ms'))}.")
        if "p99_ms" in result.get("danlu", {}):
            tails = ", ".join(f"{LABELS[peer]} {duration(found['p99_ms'])}"
                              for peer, found in result["peers"].items() if "p99_ms" in found)
            lines.append(f"{name}: the times are medians (p50); p99 is "
                         f"{duration(result['danlu']['p99_ms'])} for Danlu" +
                         (f", {tails}." if tails else "."))
    return lines


def scaling(record):
    """1 → 2 threads, by workload."""
    by_key = {(name_of(r), r["threads"]): r["danlu_ms"] for r in record["results"]}
    most = max((t for _, t in by_key), default=1)
    parts = [f"{name} {one / by_key[name, most]:.2f}×" for (name, t), one in by_key.items()
             if t == 1 and most > 1 and one and by_key.get((name, most))]
    return f"Danlu, from 1 to {most} threads: " + ", ".join(parts) + "." if parts else ""


def process_table(record):
    found = record.get("processes", {})
    names = ["danlu"] + [n for n in ORDER if any(
        n in section for section in (found.get("cold_start", {}), found.get("peak_memory_mb", {}),
                                     found.get("installed_mb", {}),
                                     found.get("time_to", {}).get("contestants", {})))]
    rows = []

    def add(title, values, show):
        if values:
            rows.append([title] + [show(values[n]) if n in values else "–" for n in names])

    add("process start to first step of `cnn`, data in memory", found.get("cold_start"),
        lambda v: duration(v["ms"]))
    add("process start to first step of `cnn` on Fashion-MNIST", found.get("cold_start_fashion"),
        lambda v: duration(v["ms"]))
    add("most memory while training `cnn`, MB", found.get("peak_memory_mb"), lambda v: number(v, 0))
    add("installed size, MB", found.get("installed_mb"), number)
    goal = found.get("time_to")
    if goal:
        add(f"process start to {goal['accuracy']:.2f} test accuracy on Fashion-MNIST",
            goal["contestants"], lambda v: duration(1e3 * v["seconds"]))
        add("… with the recipe", goal["contestants"],
            lambda v: f"{v['recipe']}, {v['epochs']:g} epochs")
    return grid(["whole processes"] + [LABELS[n] for n in names], rows) if rows else ""


def table(record):
    """All tables as Markdown."""
    parts = []
    for threads in sorted({r["threads"] for r in record["results"]}, reverse=True):
        title = f"{threads} thread" + ("s" if threads > 1 else "")
        parts += [f"## Time per step, {title}", step_table(record, threads)]
        parts += ["\n".join(f"- {line}" for line in notes(record, threads))]
    parts += [scaling(record)]
    processes = process_table(record)
    if processes:
        parts += [f"## Whole processes, {record['processes'].get('threads')} threads", processes]
    return "\n\n".join(part for part in parts if part)


# --- the picture ------------------------------------------------------------------------------


def svg(record):
    """Time per step as a multiple of Danlu's, a group of bars for each workload; a logarithmic
    axis, because small networks differ by factors of a hundred."""
    threads = max((r["threads"] for r in record["results"]), default=1)
    results = [r for r in record["results"] if r["threads"] == threads and r["danlu_ms"]]
    peers = peers_of(record)
    bar, gap, left, width = 14, 16, 230, 560
    most = max([2.0] + [p["ms"] / r["danlu_ms"] for r in results for p in r["peers"].values()
                        if "ms" in p])
    least = min([0.5] + [p["ms"] / r["danlu_ms"] for r in results for p in r["peers"].values()
                         if "ms" in p])
    low, high = math.log(least), math.log(most * 1.15)

    def at(ratio):
        return left + width * (math.log(ratio) - low) / (high - low)

    body, y = [], 64
    for result in results:
        shown = [n for n in peers if "ms" in result["peers"].get(n, {})]
        body.append(f'<text x="{left - 12}" y="{y + bar * len(shown) / 2 + 4:.0f}" '
                    f'text-anchor="end">{html.escape(name_of(result).replace("`", ""))}</text>')
        for name in shown:
            ratio = result["peers"][name]["ms"] / result["danlu_ms"]
            start, end = sorted((at(1), at(ratio)))
            body.append(f'<rect x="{start:.1f}" y="{y}" width="{end - start:.1f}" '
                        f'height="{bar - 3}" fill="{COLORS[name]}"/>')
            body.append(f'<text x="{max(start, end) + 4:.1f}" y="{y + bar - 5}" class="n">'
                        f'{ratio:.3g}×</text>')
            y += bar
        y += gap
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
             if least <= t <= most * 1.15]
    for tick in ticks:
        color = COLORS["danlu"] if tick == 1 else "#e2e8f0"
        body.insert(0, f'<line x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="56" y2="{y}" '
                       f'stroke="{color}"/>')
        body.append(f'<text x="{at(tick):.1f}" y="{y + 16}" text-anchor="middle" class="n">'
                    f'{tick:g}×</text>')
    legend, x = [], left
    for name in peers:
        label = LABELS[name].replace("`", "")
        legend.append(f'<rect x="{x}" y="34" width="10" height="10" fill="{COLORS[name]}"/>'
                      f'<text x="{x + 14}" y="43" class="n">{label}</text>')
        x += 26 + 7 * len(label)
    height = y + 30
    title = f"Time per step as a multiple of Danlu’s, {threads} threads (less is faster)"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 80}" height="{height}" '
        f'viewBox="0 0 {left + width + 80} {height}" role="img">',
        f"<title>{title}</title>",
        "<style>text{font:13px system-ui,sans-serif;fill:#1e293b}.n{font-size:11px}</style>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="16" y="22" font-weight="bold">{title}</text>', *legend, *body, "</svg>"]) + "\n"


def document(record):
    machine = record["machine"]
    versions = "; ".join(f"{LABELS.get(n, n)} {v}" for n, v in machine["versions"].items())
    rates = "; ".join(
        f"{n} thread{'s' if int(n) > 1 else ''}: {peak:.0f} GFLOP/s, "
        f"{machine['bandwidth_gbytes'].get(n, 0):.0f} GB/s"
        for n, peak in sorted(machine["fma_peak_gflops"].items()))
    return f"""# Benchmarks

Written by `./dev bench --publish`; the record is [benchmarks.json](benchmarks.json).

![Time per step as a multiple of Danlu's](benchmarks.svg)

Machine: {machine['cpu']}, {machine['cores']} cores ({', '.join(machine['isa'])}), \
{machine['memory_gb']} GB; {machine['date']}. Highest rate of float32 fused multiply-adds, and \
memory bandwidth (triad), seen in the run: {rates}. Versions: {versions}.

{table(record)}

## How it is measured

- Every contestant is one process, pinned to as many cores as it has threads and stopped while it is
  not its turn. In each round all have a turn, one after the other; a time is the median of the
  rounds. Compilation and warm-up come before and are not in it.
- A round counts only on a quiet machine: other processes used less than 0.08 of a core, and the FMA
  rate measured before and after it was within 15 % of the best of the run.
- Same network, initial weights, data, batch and optimizer. Before its time counts, the losses of a
  peer's first 20 steps, in the same order of samples, must agree with Danlu's to 1e-4 in float32
  and to 2e-2 in bfloat16. For the curve each peer computes Keras's formula for Adam step by step:
  the frameworks' fused kernels, which are timed, round 1 − β₂ or place ε otherwise, and training
  amplifies that. (`vgg-small`, `resnet` and `transformer` learn slowly for the same reason: at 1e-3
  twenty steps of `vgg-small` turn the last digit of one framework's sums into 10 % of the loss.)
- `mixed_bfloat16` is Keras's policy: computed in bfloat16, weights and their updates in float32, the
  loss from float32. Such rows have no roofline: the rates above are those of float32. Five epochs of
  `cnn` from three seeds reach test accuracies of 0.910, 0.904 and 0.898 in float32, of 0.910, 0.904
  and 0.905 in `mixed_bfloat16` (`danlu_worker precisions`, `bench/peers/protocol.md`).
- Danlu runs its public `fit`: samples shuffled, random numbers drawn, loss and accuracy kept.
  Peers are spared all of that but the sum of the losses: batches lie ready in memory as the
  framework's own tensors, always in the same order.
- Peers run at their best. The fastest way of writing the same thing counts: PyTorch in its default
  memory format or channels last, its optimizers fused, compiled also as one function of forward,
  backward and update; TensorFlow with its fused update kernels, an epoch inside one `tf.function`
  or a loop of steps; JAX with donation, an epoch as `scan` or a loop of steps; max-pooling for XLA
  also as reshape and maximum. LSTMs are PyTorch's op or, compiled, unrolled; TensorFlow's fused op,
  a loop, or unrolled; JAX's `scan` with more or fewer steps unrolled. Query, key and value come
  from one product; attention is PyTorch's `scaled_dot_product_attention`, `jax.nn`'s or two
  products and a softmax. In bfloat16 PyTorch runs under `autocast` or with its weights cast where
  they are used. The record names the variant.
- Roofline: the greater of the step's multiplications and additions (convolutions and products:
  forward, towards the weights, and towards the inputs but the first) at the FMA rate and the bytes
  that must cross the memory bus at the bandwidth: the batch, and each weight and slot read and
  written once, where they do not fit into the second-level caches of the cores. Danlu's products
  run on AMX tiles where the CPU has them: float32 split into three bfloat16 numbers, as exact as
  FMA (docs/design.md), which may pass this roofline. `DANLU_ISA=avx512` goes without.
- Installed size: Danlu's command with the shared libraries it loads; a peer's packages with what
  they require, less what only CUDA uses, and without the Python that both need.
"""


def write(record, folder):
    folder = pathlib.Path(folder)
    folder.joinpath("benchmarks.md").write_text(document(record), encoding="utf-8")
    folder.joinpath("benchmarks.svg").write_text(svg(record), encoding="utf-8")


if __name__ == "__main__":
    write(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")), sys.argv[2])
