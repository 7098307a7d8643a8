"""Reads every golden file with the reference safetensors reader and checks what README.md claims."""

import json
import pathlib

import numpy as np
from safetensors import safe_open

HERE = pathlib.Path(__file__).resolve().parent


def load(path):
    with safe_open(path, "numpy") as file:
        metadata = {key: json.loads(text) for key, text in file.metadata().items()}
        return metadata, {key: file.get_tensor(key) for key in file.keys()}


def distance(value, reference):
    value, reference = np.asarray(value, np.float64), np.asarray(reference, np.float64)
    norm = np.linalg.norm(reference)
    return np.linalg.norm(value - reference) / (norm if norm > 0 else 1.0)


def check_precisions(name, tensors):
    """float32 and float64 runs must tell the same story; returns the worst distance."""
    worst = 0.0
    for key, value in tensors.items():
        twin = ("/" + key).replace("/f32/", "/f64/")[1:]
        comparable = twin != key and twin in tensors and tensors[twin].shape == value.shape
        # 1 - 1e-7 is 1 - 1.19e-7 in float32, which the clipped logarithm shows.
        if comparable and not key.startswith("bce_extreme/"):
            worst = max(worst, distance(value, tensors[twin]))
    assert worst < 2e-5, f"{name}: float32 and float64 differ by {worst}"
    return worst


def check_optimizers(metadata, tensors):
    """Replays the plain cases of SGD and Adam in numpy float64."""
    keys = metadata["variables"]
    known = {"learning_rate", "momentum", "nesterov", "beta_1", "beta_2", "epsilon"}
    known |= {"clipnorm", "clipvalue", "global_clipnorm"}
    for case in metadata["cases"]:
        kind, given = metadata[case]["optimizer"], metadata[case]["config"]
        if kind not in ("SGD", "Adam") or case == "scheduled" or given.keys() - known:
            continue
        defaults = {"learning_rate": 0.01 if kind == "SGD" else 0.001, "momentum": 0.0}
        defaults |= {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
        c = defaults | given
        w = {k: tensors[f"start/{k}"].astype(np.float64) for k in keys}
        m = {k: np.zeros_like(w[k]) for k in keys}
        v = {k: np.zeros_like(w[k]) for k in keys}
        for t in range(1, metadata["steps"] + 1):
            g = {k: tensors[f"gradients/{k}"][t - 1].astype(np.float64) for k in keys}
            if "clipnorm" in c:
                g = {
                    k: x * c["clipnorm"] / max(np.linalg.norm(x), c["clipnorm"])
                    for k, x in g.items()
                }
            if "clipvalue" in c:
                g = {k: np.clip(x, -c["clipvalue"], c["clipvalue"]) for k, x in g.items()}
            if "global_clipnorm" in c:
                norm = np.sqrt(sum(np.sum(x * x) for x in g.values()))
                g = {k: x * min(1.0, c["global_clipnorm"] / norm) for k, x in g.items()}
            for k in keys:
                if kind == "SGD":
                    m[k] = c["momentum"] * m[k] - c["learning_rate"] * g[k]
                    nesterov = c.get("nesterov", False)
                    step = c["momentum"] * m[k] - c["learning_rate"] * g[k] if nesterov else m[k]
                    w[k] = w[k] + step
                else:
                    m[k] = m[k] + (g[k] - m[k]) * (1 - c["beta_1"])
                    v[k] = v[k] + (g[k] ** 2 - v[k]) * (1 - c["beta_2"])
                    alpha = np.sqrt(1 - c["beta_2"] ** t) / (1 - c["beta_1"] ** t)
                    alpha *= c["learning_rate"]
                    w[k] = w[k] - alpha * m[k] / (np.sqrt(v[k]) + c["epsilon"])
                assert distance(w[k], tensors[f"{case}/f64/{k}"][t - 1]) < 1e-13, (case, k, t)


def main():
    for path in sorted([*HERE.glob("*.safetensors"), *HERE.glob("layers/*.safetensors")]):
        metadata, tensors = load(path)
        for case in metadata.get("cases", []):
            assert case in metadata, f"{path.name}: {case} has no description"
        for key, value in tensors.items():
            assert value.dtype.kind != "f" or np.isfinite(value).all(), f"{path.name}: {key}"
        worst = check_precisions(path.name, tensors)
        print(f"{path.name}: {len(tensors)} tensors, float32 from float64: {worst:.1e}")
        if path.stem == "optimizers":
            check_optimizers(metadata, tensors)


if __name__ == "__main__":
    main()
