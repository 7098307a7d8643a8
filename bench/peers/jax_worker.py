"""JAX's side of the benchmark: jit with donation, an epoch as one `scan` or as a loop of steps."""

import functools
import os

import numpy as np

import worker_base

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402


def activate(name, x):
    return {"linear": lambda v: v, "relu": jax.nn.relu, "tanh": jnp.tanh,
            "sigmoid": jax.nn.sigmoid, "softmax": jax.nn.softmax}[name](x)


def max_pool(x, size, style):
    if style == "window":
        return lax.reduce_window(x, -jnp.inf, lax.max, (1, *size, 1), (1, *size, 1), "VALID")
    n, h, w, c = x.shape
    h, w = h // size[0], w // size[1]
    cropped = x[:, :h * size[0], :w * size[1]]
    return cropped.reshape(n, h, size[0], w, size[1], c).max(axis=(2, 4))


def forward(workload, params, x, pool_style, logits):
    last = workload["layers"][-1]
    for layer in workload["layers"]:
        kind, config = layer["class_name"], layer["config"]
        name = config["name"]
        if kind == "Dense":
            x = x @ params[name + "/kernel"] + params[name + "/bias"]
        elif kind == "Conv2D":
            x = lax.conv_general_dilated(
                x, params[name + "/kernel"], config.get("strides", (1, 1)),
                config.get("padding", "valid").upper(), dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = x + params[name + "/bias"]
        elif kind == "MaxPooling2D":
            x = max_pool(x, tuple(config["pool_size"]), pool_style)
        elif kind == "Flatten":
            x = x.reshape(x.shape[0], -1)
        else:
            raise ValueError(f"no layer {kind} here")
        if not (logits and layer is last):
            x = activate(config.get("activation", "linear"), x)
    return x


def loss_of(workload, params, x, y, pool_style):
    kind = workload["loss"]
    out = forward(workload, params, x, pool_style, kind != "mean_squared_error")
    if kind == "mean_squared_error":
        return jnp.mean((out - y) ** 2)
    if kind == "binary_crossentropy":
        return -jnp.mean(y * jax.nn.log_sigmoid(out) + (1 - y) * jax.nn.log_sigmoid(-out))
    chosen = jnp.take_along_axis(jax.nn.log_softmax(out), y[:, None], axis=1)
    return -jnp.mean(jnp.clip(chosen, *worker_base.LOG_CLIP))  # as Keras does; XLA fuses it


def init_state(workload, weights):
    params = {name: jnp.array(value) for name, value in weights.items()}
    if workload["optimizer"]["class_name"] == "SGD":
        return {"params": params}
    zeros = {name: jnp.zeros_like(value) for name, value in params.items()}
    return {"params": params, "m": zeros, "t": jnp.zeros((), jnp.float32),
            "v": {name: jnp.zeros_like(value) for name, value in params.items()}}


def update(workload, state, grads):
    rate = workload["optimizer"]["config"]["learning_rate"]
    params = state["params"]
    if workload["optimizer"]["class_name"] == "SGD":
        return {"params": jax.tree.map(lambda p, g: p - rate * g, params, grads)}
    t = state["t"] + 1
    m = jax.tree.map(lambda m, g: m + (g - m) * 0.1, state["m"], grads)
    v = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, state["v"], grads)
    scale = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    params = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-7), params, m, v)
    return {"params": params, "m": m, "v": v, "t": t}


class Jax(worker_base.Framework):
    name = "jax"

    def version(self):
        return jax.__version__

    def variants(self, workload):
        pools = ["window", "reshape"] if worker_base.has(workload, "MaxPooling2D") else ["window"]
        # Inside a loop of its own XLA convolves many times slower on a processor: no `scan` then.
        loops = ["steps"] if worker_base.has(workload, "Conv2D") else ["scan", "steps"]
        loops = ["jit"] if workload["mode"] == "predict" else loops
        return [f"{loop}, {pool} pooling" if len(pools) > 1 else loop
                for loop in loops for pool in pools]

    def prepare(self, workload, x, y, weights, variant):
        self.workload = workload
        self.loop = variant.split(",")[0]
        pool = "reshape" if "reshape" in variant else "window"
        self.state = init_state(workload, weights)
        self.set_data(x, y)

        def step(state, x, y):
            loss, grads = jax.value_and_grad(
                lambda params: loss_of(workload, params, x, y, pool))(state["params"])
            return update(workload, state, grads), loss

        def epoch(state, xs, ys):
            state, losses = lax.scan(lambda s, batch: step(s, *batch), state, (xs, ys))
            return state, losses.mean()

        self.step = jax.jit(step, donate_argnums=0)
        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.call = jax.jit(functools.partial(forward, workload, pool_style=pool, logits=False))

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
        return np.asarray(self.call(self.state["params"], x=self.batches[index][0]))

    def accuracy(self, x, y):
        right = sum(
            int((np.argmax(np.asarray(self.call(self.state["params"], x=jnp.array(a))), 1) == b)
                .sum()) for a, b in zip(x, y))
        return right / y.size


if __name__ == "__main__":
    worker_base.main(lambda name: Jax())
