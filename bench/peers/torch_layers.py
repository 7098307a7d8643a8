"""Keras's layers in PyTorch, for torch_worker.py: modules with the shared weights. Images are NCHW.
"""

import torch
import torch.nn.functional as F

import workloads

ACTIVATIONS = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
               "softmax": lambda x: torch.softmax(x, -1)}


class Layer(torch.nn.Module):
    """Made of a config, its weights by path, and the net it is a part of."""

    def __init__(self, config, weights, net):
        super().__init__()
        self.config, self.net_dtype = config, net.dtype
        self.make(config, {name: torch.from_numpy(value.copy()) for name, value in weights.items()},
                  net)

    def make(self, config, weights, net):
        pass

    def cast(self, parameter):
        """As it takes part in products."""
        if parameter is None or self.net_dtype is None:
            return parameter
        return parameter.to(self.net_dtype)


def parameter(weights, name):
    return torch.nn.Parameter(weights[name]) if name in weights else None


class Dense(Layer):
    def make(self, config, weights, net):
        kernel = weights["kernel"]
        image = net.flattened.get(config["name"])
        if image and not net.channels_last:  # the rows in NCHW's order
            kernel = kernel.reshape(*image, -1).permute(2, 0, 1, 3).flatten(0, 2)
        self.kernel = torch.nn.Parameter(kernel.t().contiguous())
        self.bias = parameter(weights, "bias")

    def forward(self, x):
        return F.linear(x, self.cast(self.kernel), self.cast(self.bias))


class Conv2D(Layer):
    def make(self, config, weights, net):
        kernel = weights["kernel"].permute(3, 2, 0, 1).contiguous(memory_format=net.memory_format)
        self.kernel, self.bias = torch.nn.Parameter(kernel), parameter(weights, "bias")
        self.strides = tuple(config.get("strides", (1, 1)))
        self.padding, self.extra = config.get("padding", "valid"), None
        if self.padding == "same" and self.strides != (1, 1):  # what is odd stands behind
            height, width, _ = net.input_shape(config["name"])
            both = [max(0, (-(-n // s) - 1) * s + k - n) for n, s, k in zip(
                (height, width), self.strides, config["kernel_size"])]
            self.padding = tuple(n // 2 for n in both)
            self.extra = (0, both[1] % 2, 0, both[0] % 2) if any(n % 2 for n in both) else None

    def forward(self, x):
        x = F.pad(x, self.extra) if self.extra else x
        return F.conv2d(x, self.cast(self.kernel), self.cast(self.bias), self.strides, self.padding)


class MaxPooling2D(Layer):
    def forward(self, x):
        return F.max_pool2d(x, self.config["pool_size"])


class Flatten(Layer):
    def make(self, config, weights, net):
        self.permutes = net.channels_last

    def forward(self, x):
        return (x.permute(0, 2, 3, 1) if self.permutes else x).flatten(1)


class BatchNormalization(Layer):
    def make(self, config, weights, net):
        self.gamma, self.beta = parameter(weights, "gamma"), parameter(weights, "beta")
        self.register_buffer("mean", weights["moving_mean"])
        self.register_buffer("variance", weights["moving_variance"])

    def forward(self, x):
        return F.batch_norm(x, self.mean, self.variance, self.gamma, self.beta, self.training,
                            1 - self.config.get("momentum", 0.99), self.config.get("epsilon", 1e-3))


class LayerNormalization(Layer):
    def make(self, config, weights, net):
        self.gamma, self.beta = parameter(weights, "gamma"), parameter(weights, "beta")

    def forward(self, x):
        return F.layer_norm(x, self.gamma.shape, self.gamma, self.beta,
                            self.config.get("epsilon", 1e-3))


class LSTM(Layer):
    """`torch.nn.LSTM`, whose gates stand in Keras's order; its second bias stays zero. Unrolled: for
    the compiler, which knows no loops."""

    def make(self, config, weights, net):
        kernel, recurrent, bias = (weights["lstm_cell/" + name]
                                   for name in ("kernel", "recurrent_kernel", "bias"))
        self.units, self.unrolled = config["units"], net.unrolled
        op = torch.nn.LSTM(len(kernel), self.units, batch_first=True)
        with torch.no_grad():
            for own, value in ((op.weight_ih_l0, kernel.t()), (op.weight_hh_l0, recurrent.t()),
                               (op.bias_ih_l0, bias), (op.bias_hh_l0, torch.zeros_like(bias))):
                own.copy_(value)
        op.bias_hh_l0.requires_grad_(False)
        self.op = op

    def forward(self, x):
        sequences = self.config.get("return_sequences", False)
        if not self.unrolled:
            out = self.op(x)[0]
            return out if sequences else out[:, -1]
        inputs = F.linear(x, self.op.weight_ih_l0, self.op.bias_ih_l0)
        h = c = x.new_zeros(len(x), self.units)
        outputs = []
        for z in inputs.unbind(1):
            i, f, g, o = (z + F.linear(h, self.op.weight_hh_l0)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, 1) if sequences else h


class MultiHeadAttention(Layer):
    def make(self, config, weights, net):
        self.heads = config["num_heads"]
        self.kernel = torch.nn.Parameter(weights["qkv/kernel"].t().contiguous())
        self.bias = parameter(weights, "qkv/bias")
        self.out_kernel = torch.nn.Parameter(weights["attention_output/kernel"].t().contiguous())
        self.out_bias = parameter(weights, "attention_output/bias")

    def forward(self, x, *_):
        qkv = F.linear(x, self.cast(self.kernel), self.cast(self.bias))
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                             for part in qkv.chunk(3, -1))
        out = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return F.linear(out, self.cast(self.out_kernel), self.cast(self.out_bias))


class GlobalAveragePooling1D(Layer):
    def forward(self, x):
        return x.mean(1)


class GlobalAveragePooling2D(Layer):
    def forward(self, x):
        return x.mean((2, 3))


class Add(Layer):
    def forward(self, *inputs):
        return sum(inputs[1:], inputs[0])


class Activation(Layer):
    def forward(self, x):
        return x


LAYERS = {kind.__name__: kind for kind in (
    Dense, Conv2D, MaxPooling2D, Flatten, BatchNormalization, LayerNormalization, LSTM,
    MultiHeadAttention, GlobalAveragePooling1D, GlobalAveragePooling2D, Add, Activation)}


class Net(torch.nn.Module):
    """The workload's graph with the shared weights. With channels last the rows of a dense layer
    after `Flatten` stay as they are, otherwise they are put in NCHW's order. `dtype`: what products
    are computed in; None: the inputs' or autocast's. `activations`: by layer, "linear" for none."""

    def __init__(self, workload, weights, channels_last, dtype, unrolled, activations):
        super().__init__()
        self.channels_last, self.dtype, self.unrolled = channels_last, dtype, unrolled
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.nodes = workloads.graph(workload)
        self.shapes = workloads.shapes(workload)
        kinds = {layer["config"]["name"]: layer["class_name"] for layer, *_ in self.nodes}
        self.inputs = {layer["config"]["name"]: inputs for layer, inputs, _ in self.nodes}
        self.flattened = {name: self.input_shape(inputs[0]) for name, inputs in self.inputs.items()
                          if kinds.get(inputs[0]) == "Flatten"}
        self.activations = {name: ACTIVATIONS[kind] for name, kind in activations.items()
                            if kind != "linear"}
        own = {name: {} for name in kinds}
        for path, value in weights.items():
            layer, _, rest = path.partition("/")
            own[layer][rest] = value
        self.layers = torch.nn.ModuleDict({
            layer["config"]["name"]: LAYERS[layer["class_name"]](
                layer["config"], own[layer["config"]["name"]], self) for layer, *_ in self.nodes})

    def input_shape(self, name):
        return self.shapes[self.inputs[name][0]]

    def forward(self, x):
        def call(layer, inputs):
            name = layer["config"]["name"]
            out = self.layers[name](*inputs)
            return self.activations[name](out) if name in self.activations else out

        return workloads.run_graph(self.nodes, x, call).float()
