"""TensorFlow's side of the benchmark: `tf.function` as graph or through XLA, and Keras's `fit`."""

import os

import numpy as np

import worker_base

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(THREADS)
tf.config.threading.set_inter_op_parallelism_threads(1)


def activate(name, x):
    return {"linear": lambda v: v, "relu": tf.nn.relu, "tanh": tf.tanh, "sigmoid": tf.sigmoid,
            "softmax": tf.nn.softmax}[name](x)


def max_pool(x, size, style):
    if style == "window":
        return tf.nn.max_pool2d(x, size, size, "VALID")
    _, h, w, c = x.shape
    h, w = h // size[0], w // size[1]
    cropped = x[:, :h * size[0], :w * size[1]]
    return tf.reduce_max(tf.reshape(cropped, [-1, h, size[0], w, size[1], c]), axis=[2, 4])


def forward(workload, params, x, logits, pool_style):
    last = workload["layers"][-1]
    for layer in workload["layers"]:
        kind, config = layer["class_name"], layer["config"]
        name = config["name"]
        if kind == "Dense":
            x = tf.nn.bias_add(tf.matmul(x, params[name + "/kernel"]), params[name + "/bias"])
        elif kind == "Conv2D":
            x = tf.nn.conv2d(x, params[name + "/kernel"], config.get("strides", [1, 1]),
                             config.get("padding", "valid").upper())
            x = tf.nn.bias_add(x, params[name + "/bias"])
        elif kind == "MaxPooling2D":
            x = max_pool(x, config["pool_size"], pool_style)
        elif kind == "Flatten":
            x = tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])
        else:
            raise ValueError(f"no layer {kind} here")
        if not (logits and layer is last):
            x = activate(config.get("activation", "linear"), x)
    return x


def loss_of(workload, params, x, y, pool_style, clipped):
    """`clipped`: as Keras defines it for probabilities, which it keeps within 1e-7 of 0 and 1;
    XLA fuses that, in a graph it is for the loss curve alone."""
    kind = workload["loss"]
    out = forward(workload, params, x, kind != "mean_squared_error", pool_style)
    if kind == "mean_squared_error":
        return tf.reduce_mean(tf.math.squared_difference(out, y))
    if kind == "binary_crossentropy":
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, out))
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, out)
    if clipped:
        each = -tf.clip_by_value(-each, *worker_base.LOG_CLIP)
    return tf.reduce_mean(each)


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
        if not (self.xla and worker_base.has(workload, "MaxPooling2D")):
            return loops
        return [f"{loop}, {pool} pooling" for loop in loops for pool in ("window", "reshape")]

    def prepare(self, workload, x, y, weights, variant):
        self.workload, self.loop = workload, variant.split(",")[0]
        pool = "reshape" if "reshape" in variant else "window"
        params = {name: tf.Variable(value) for name, value in weights.items()}
        variables = list(params.values())
        fused = Optimizer(workload["optimizer"], variables, plain=False)
        plain = Optimizer(workload["optimizer"], variables, plain=True)
        self.keep = (params, fused, plain)
        self.total = tf.Variable(0.0)
        self.set_data(x, y)
        jit = True if self.xla else None

        def step(x, y, optimizer=fused, clipped=self.xla):
            with tf.GradientTape() as tape:
                loss = loss_of(workload, params, x, y, pool, clipped)
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
        self.call = tf.function(lambda x: forward(workload, params, x, False, pool),
                                jit_compile=jit)

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
