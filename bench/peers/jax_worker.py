"""JAX's side of the benchmark: jit with donation, an epoch as one `scan` or as a loop of steps."""

import os

import numpy as np

import worker_base
import workloads

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

from jax_layers import ACTIVATIONS, LAYERS, Call, variants  # noqa: E402


def forward(workload, params, x, variant, training, logits):
    """The outputs, or the logits, and the new moving statistics."""
    updates = {}

    def call(layer, inputs):
        one = Call(layer, params, variant, training, updates)
        out = LAYERS[layer["class_name"]](one, *inputs)
        kind = worker_base.activation_of(workload, layer) if logits else layer["config"].get(
            "activation", "linear")
        return ACTIVATIONS[kind](out)

    x = x.astype(jnp.bfloat16) if worker_base.half(workload) else x
    return workloads.run_graph(workloads.graph(workload), x, call).astype(jnp.float32), updates


def loss_of(workload, params, x, y, variant):
    kind = workload["loss"]
    out, updates = forward(workload, params, x, variant, True, True)
    if kind == "mean_squared_error":
        return jnp.mean((out - y) ** 2), updates
    if kind == "binary_crossentropy":
        return -jnp.mean(y * jax.nn.log_sigmoid(out) + (1 - y) * jax.nn.log_sigmoid(-out)), updates
    chosen = jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], axis=1)
    # As Keras does; XLA fuses it.
    return -jnp.mean(jnp.clip(chosen, *worker_base.LOG_CLIP)), updates


def init_state(workload, weights):
    """Weights to train, moving statistics, and the slots of the optimizer."""
    values = {name: jnp.array(value)
              for name, value in worker_base.one_projection(weights).items()}
    statistics = {name: value for name, value in values.items()
                  if name.endswith(workloads.NOT_TRAINED)}
    params = {name: value for name, value in values.items() if name not in statistics}
    state = {"params": params, "statistics": statistics}
    if workload["optimizer"]["class_name"] == "SGD":
        return state
    return {**state, "m": jax.tree.map(jnp.zeros_like, params),
            "v": jax.tree.map(jnp.zeros_like, params), "t": jnp.zeros((), jnp.float32)}


def update(workload, state, grads, statistics):
    rate = workload["optimizer"]["config"]["learning_rate"]
    params = state["params"]
    if workload["optimizer"]["class_name"] == "SGD":
        return {"params": jax.tree.map(lambda p, g: p - rate * g, params, grads),
                "statistics": statistics}
    t = state["t"] + 1
    m = jax.tree.map(lambda m, g: m + (g - m) * 0.1, state["m"], grads)
    v = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, state["v"], grads)
    scale = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    params = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-7), params, m, v)
    return {"params": params, "statistics": statistics, "m": m, "v": v, "t": t}


class Jax(worker_base.Framework):
    name = "jax"

    def version(self):
        return jax.__version__

    def variants(self, workload):
        # Inside a loop of its own XLA convolves many times slower on a processor: no `scan` then.
        loops = ["steps"] if worker_base.has(workload, "Conv2D") else ["scan", "steps"]
        loops = ["jit"] if workload["mode"] == "predict" else loops
        return worker_base.combinations(loops, *variants(workload))

    def prepare(self, workload, x, y, weights, variant):
        self.workload = workload
        self.loop = variant.split(",")[0]
        self.state = init_state(workload, weights)
        self.set_data(x, y)

        def step(state, x, y):
            (loss, statistics), grads = jax.value_and_grad(
                lambda params: loss_of(workload, {**params, **state["statistics"]}, x, y, variant),
                has_aux=True)(state["params"])
            return update(workload, state, grads, statistics), loss

        def epoch(state, xs, ys):
            state, losses = lax.scan(lambda s, batch: step(s, *batch), state, (xs, ys))
            return state, losses.mean()

        def call(state, x):
            return forward(workload, {**state["params"], **state["statistics"]}, x, variant, False,
                           False)[0]

        self.step = jax.jit(step, donate_argnums=0)
        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.call = jax.jit(call)

    def set_data(self, x, y):
        self.x, self.y = jnp.array(x), jnp.array(y)
        self.batches = [(jnp.array(a), jnp.array(b)) for a, b in zip(x, y)]

    def losses(self, steps):
        result = []
        for i in range(steps):
            self.state, loss = self.step(self.state, *self.batches[i % len(self.batches)])
            result.append(float(loss))
        return result

    def epochs(self, count):
        loss = None
        for _ in range(count):
            if self.loop == "scan":
                self.state, loss = self.epoch(self.state, self.x, self.y)
            else:
                for x, y in self.batches:
                    self.state, loss = self.step(self.state, x, y)
        jax.block_until_ready((self.state, loss))

    def predict(self, index):
        return np.asarray(self.call(self.state, self.batches[index][0]))

    def accuracy(self, x, y):
        right = sum(
            int((np.argmax(np.asarray(self.call(self.state, jnp.array(a))), 1) == b)
                .sum()) for a, b in zip(x, y))
        return right / y.size


if __name__ == "__main__":
    worker_base.main(lambda name: Jax())
