"""TensorFlow's side of the benchmark: `tf.function` as graph or through XLA, and Keras's `fit`."""

import os

import numpy as np

import worker_base
import workloads

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf  # noqa: E402

from tensorflow_layers import ACTIVATIONS, LAYERS, Call, variants  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)


@tf.autograph.experimental.do_not_convert
def forward(workload, params, x, variant, training, logits):
    """The outputs, or the logits, and the new moving statistics."""
    updates = {}

    def call(layer, inputs):
        one = Call(layer, params, variant, training, updates)
        out = LAYERS[layer["class_name"]](one, *inputs)
        kind = worker_base.activation_of(workload, layer) if logits else layer["config"].get(
            "activation", "linear")
        return ACTIVATIONS[kind](out)

    x = tf.cast(x, tf.bfloat16) if worker_base.half(workload) else x
    out = workloads.run_graph(workloads.graph(workload), x, call)
    return tf.cast(out, tf.float32), updates


def loss_of(workload, params, x, y, variant, clipped):
    """The loss and the new moving statistics. `clipped`: as Keras defines it for probabilities,
    which it keeps within 1e-7 of 0 and 1; XLA fuses that, in a graph it is for the loss curve
    alone."""
    kind = workload["loss"]
    out, updates = forward(workload, params, x, variant, True, True)
    if kind == "mean_squared_error":
        return tf.reduce_mean(tf.math.squared_difference(out, y)), updates
    if kind == "binary_crossentropy":
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, out)), updates
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, out)
    if clipped:
        each = -tf.clip_by_value(-each, *worker_base.LOG_CLIP)
    return tf.reduce_mean(each), updates


class Optimizer:
    """The framework's own fused update kernels; or, `plain`, their formula. (The kernels compute
    1 - beta_2 in float32, 1.3e-5 off, which a loss curve shows after some steps.)"""

    def __init__(self, config, params, plain):
        self.plain = plain
        self.kind, self.rate = config["class_name"], config["config"]["learning_rate"]
        self.params = params
        if self.kind == "Adam":
            self.m = [tf.Variable(tf.zeros_like(p)) for p in params]
            self.v = [tf.Variable(tf.zeros_like(p)) for p in params]
            self.powers = [tf.Variable(0.9), tf.Variable(0.999)]
            self.t = tf.Variable(0.0)

    def apply(self, grads):
        if self.kind == "SGD":
            for p, g in zip(self.params, grads):
                tf.raw_ops.ResourceApplyGradientDescent(var=p.handle, alpha=self.rate, delta=g)
            return
        if self.plain:
            t = self.t.assign_add(1)
            scale = self.rate * tf.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            for p, m, v, g in zip(self.params, self.m, self.v, grads):
                new_m, new_v = m + (g - m) * 0.1, v + (g * g - v) * 0.001
                p.assign_sub(scale * new_m / (tf.sqrt(new_v) + 1e-7))
                m.assign(new_m)
                v.assign(new_v)
            return
        for p, m, v, g in zip(self.params, self.m, self.v, grads):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle, m=m.handle, v=v.handle, beta1_power=self.powers[0],
                beta2_power=self.powers[1], lr=self.rate, beta1=0.9, beta2=0.999, epsilon=1e-7,
                grad=g)
        self.powers[0].assign(self.powers[0] * 0.9)
        self.powers[1].assign(self.powers[1] * 0.999)


class TensorFlow(worker_base.Framework):
    def __init__(self, xla):
        self.xla = xla
        self.name = "tensorflow-xla" if xla else "tensorflow"

    def version(self):
        return tf.__version__

    def variants(self, workload):
        loops = ["call"] if workload["mode"] == "predict" else ["epoch", "steps"]
        if self.xla and worker_base.has(workload, "Conv2D") and "epoch" in loops:
            loops = ["steps"]  # inside a loop of its own XLA convolves many times slower
        return worker_base.combinations(loops, *variants(workload, self.xla))

    def prepare(self, workload, x, y, weights, variant):
        self.workload, self.loop = workload, variant.split(",")[0]
        params = {name: tf.Variable(value)
                  for name, value in worker_base.one_projection(weights).items()}
        variables = [value for name, value in params.items()
                     if not name.endswith(workloads.NOT_TRAINED)]
        fused = Optimizer(workload["optimizer"], variables, plain=False)
        plain = Optimizer(workload["optimizer"], variables, plain=True)
        self.keep = (params, fused, plain)
        self.total = tf.Variable(0.0)
        self.set_data(x, y)
        jit = True if self.xla else None

        def step(x, y, optimizer=fused, clipped=self.xla):
            with tf.GradientTape() as tape:
                loss, updates = loss_of(workload, params, x, y, variant, clipped)
            for name, value in updates.items():
                params[name].assign(value)
            optimizer.apply(tape.gradient(loss, variables))
            return loss

        def counted_step(x, y):
            self.total.assign_add(step(x, y))

        def epoch(xs, ys):
            for i in tf.range(tf.shape(xs)[0]):
                self.total.assign_add(step(xs[i], ys[i]))

        self.plain_step = tf.function(lambda x, y: step(x, y, plain, True), jit_compile=jit)
        self.step = tf.function(counted_step, jit_compile=jit)
        self.epoch = tf.function(epoch, jit_compile=jit)
        self.call = tf.function(
            lambda x: forward(workload, params, x, variant, False, False)[0], jit_compile=jit)

    def set_data(self, x, y):
        self.x, self.y = tf.constant(x), tf.constant(y)
        self.batches = [(tf.constant(a), tf.constant(b)) for a, b in zip(x, y)]

    def losses(self, steps):
        return [float(self.plain_step(*self.batches[i % len(self.batches)])) for i in range(steps)]

    def epochs(self, count):
        for _ in range(count):
            if self.loop == "epoch":
                self.epoch(self.x, self.y)
            else:
                for x, y in self.batches:
                    self.step(x, y)
        self.total.numpy()

    def predict(self, index):
        return self.call(self.batches[index][0]).numpy()

    def accuracy(self, x, y):
        right = sum(int((np.argmax(self.call(tf.constant(a)).numpy(), 1) == b).sum())
                    for a, b in zip(x, y))
        return right / y.size


class Keras(worker_base.Framework):
    """Keras's own `fit`, which is what its users call."""

    name = "keras"

    def version(self):
        import keras
        return f"{keras.__version__} on TensorFlow {tf.__version__}"

    def variants(self, workload):
        return ["predict_on_batch"] if workload["mode"] == "predict" else ["fit"]

    def prepare(self, workload, x, y, weights, variant):
        import keras
        keras.utils.clear_session()
        layers = [getattr(keras.layers, layer["class_name"])(**layer["config"])
                  for layer in workload["layers"]]
        model = keras.Sequential([keras.Input(tuple(workload["input_shape"]))] + layers)
        optimizer = {"Adam": keras.optimizers.Adam, "SGD": keras.optimizers.SGD}[
            workload["optimizer"]["class_name"]](**workload["optimizer"]["config"])
        loss = workload["loss"]
        loss = "sparse_categorical_crossentropy" if loss == "categorical_crossentropy" else loss
        model.compile(optimizer=optimizer, loss=loss, metrics=workload["metrics"])
        for layer in model.layers:
            own = [weights[f"{layer.name}/{name}"] for name in ("kernel", "bias")
                   if f"{layer.name}/{name}" in weights]
            if own:
                layer.set_weights(own)
        self.model = model
        self.set_data(x, y)

    def set_data(self, x, y):
        self.x, self.y = x, y
        self.flat = x.reshape(-1, *x.shape[2:]), y.reshape(-1, *y.shape[2:])

    def losses(self, steps):
        result = []
        for i in range(steps):
            x, y = self.x[i % len(self.x)], self.y[i % len(self.x)]
            history = self.model.fit(x, y, batch_size=len(x), epochs=1, verbose=0, shuffle=False)
            result.append(history.history["loss"][0])
        return result

    def epochs(self, count):
        self.model.fit(*self.flat, batch_size=self.x.shape[1], epochs=count, verbose=0)

    def predict(self, index):
        return self.model.predict_on_batch(self.x[index])

    def accuracy(self, x, y):
        right = sum(int((self.model.predict_on_batch(a).argmax(1) == b).sum())
                    for a, b in zip(x, y))
        return right / y.size


if __name__ == "__main__":
    worker_base.main(lambda name: Keras() if name == "keras" else TensorFlow(
        name == "tensorflow-xla"))
