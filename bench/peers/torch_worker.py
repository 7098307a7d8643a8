"""PyTorch's side of the benchmark: eager and `torch.compile`, both memory formats."""

import os

import numpy as np
import torch
import torch.nn.functional as F

import worker_base

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


class Net(torch.nn.Module):
    """The workload's layers with the shared weights. Images are NCHW; with channels last the rows of
    the dense layer after `Flatten` stay as they are, otherwise they are put in NCHW's order."""

    def __init__(self, workload, weights, channels_last):
        super().__init__()
        self.layers, self.channels_last = workload["layers"], channels_last
        self.logits = workload["loss"] != "mean_squared_error"
        self.kernels, self.biases = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        image = None  # (height, width, channels) while the values are an image
        if len(workload["input_shape"]) == 3:
            image = list(workload["input_shape"])
        flattened = None
        for layer in self.layers:
            kind, config = layer["class_name"], layer["config"]
            name = config["name"]
            if kind == "Flatten":
                flattened, image = image, None
            if kind == "MaxPooling2D":
                image = [image[i] // config["pool_size"][i] for i in (0, 1)] + image[2:]
            if kind not in ("Dense", "Conv2D"):
                continue
            kernel = torch.from_numpy(weights[name + "/kernel"].copy())
            if kind == "Conv2D":
                if config.get("padding", "valid") == "valid":
                    image = [image[i] - config["kernel_size"][i] + 1 for i in (0, 1)] + image[2:]
                image[2] = config["filters"]
                kernel = kernel.permute(3, 2, 0, 1).contiguous()
                if channels_last:
                    kernel = kernel.contiguous(memory_format=torch.channels_last)
            else:
                if flattened and not channels_last:
                    kernel = kernel.reshape(*flattened, -1).permute(2, 0, 1, 3).flatten(0, 2)
                flattened = None
                kernel = kernel.t().contiguous()
            self.kernels[name] = torch.nn.Parameter(kernel)
            self.biases[name] = torch.nn.Parameter(
                torch.from_numpy(weights[name + "/bias"].copy()))

    def forward(self, x):
        last = self.layers[-1]
        for layer in self.layers:
            kind, config = layer["class_name"], layer["config"]
            if kind == "Dense":
                x = F.linear(x, self.kernels[config["name"]], self.biases[config["name"]])
            elif kind == "Conv2D":
                x = F.conv2d(x, self.kernels[config["name"]], self.biases[config["name"]],
                             padding=config.get("padding", "valid"))
            elif kind == "MaxPooling2D":
                x = F.max_pool2d(x, config["pool_size"])
            elif kind == "Flatten":
                x = (x.permute(0, 2, 3, 1) if self.channels_last else x).flatten(1)
            else:
                raise ValueError(f"no layer {kind} here")
            activation = config.get("activation", "linear")
            if activation == "linear" or (self.logits and layer is last):
                continue
            x = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[activation](x)
        return x


def output(workload, logits):
    """What the last layer's activation makes of the logits."""
    if worker_base.ends_in(workload, "softmax"):
        return torch.softmax(logits, 1)
    return torch.sigmoid(logits) if worker_base.ends_in(workload, "sigmoid") else logits


def loss_function(workload, clipped):
    """`clipped`: as Keras defines it for probabilities, which it keeps within 1e-7 of 0 and 1;
    where the compiler fuses that it costs nothing, otherwise it is for the loss curve alone."""
    def cross_entropy(logits, y):
        chosen = torch.log_softmax(logits, 1).gather(1, y[:, None])
        return -chosen.clamp(*worker_base.LOG_CLIP).mean()

    crossentropy = cross_entropy if clipped else F.cross_entropy
    return {"mean_squared_error": F.mse_loss,
            "binary_crossentropy": F.binary_cross_entropy_with_logits,
            "sparse_categorical_crossentropy": crossentropy,
            "categorical_crossentropy": crossentropy}[workload["loss"]]


def adam(p, m, v, g, t, rate):
    """Keras's formula, step `t`, a tensor; all in place."""
    m.add_((g - m) * 0.1)
    v.add_((g * g - v) * 0.001)
    scale = rate * torch.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    p.sub_(scale * m / (torch.sqrt(v) + 1e-7))


class PlainOptimizer:
    """Keras's formula step by step, for the loss curve. PyTorch's own kernels add epsilon at
    another place and compute 1 - beta_2 otherwise, which a curve shows after some steps."""

    def __init__(self, workload, params):
        self.params, self.rate = params, workload["optimizer"]["config"]["learning_rate"]
        self.adam = workload["optimizer"]["class_name"] == "Adam"
        self.slots = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
        self.t = torch.zeros(())

    def zero_grad(self, set_to_none):
        for p in self.params:
            p.grad = None

    @torch.no_grad()
    def step(self):
        self.t += 1
        for p, (m, v) in zip(self.params, self.slots):
            if self.adam:
                adam(p, m, v, p.grad, self.t, self.rate)
            else:
                p.sub_(self.rate * p.grad)


class Functional:
    """Forward, backward and update as one compiled function over plain tensors."""

    def __init__(self, workload, net):
        self.params = {name: value.detach().clone() for name, value in net.named_parameters()}
        self.net = net.requires_grad_(False)
        rate = workload["optimizer"]["config"]["learning_rate"]
        uses_adam = workload["optimizer"]["class_name"] == "Adam"
        loss_fn = loss_function(workload, True)
        m = {name: torch.zeros_like(value) for name, value in self.params.items()}
        v = {name: torch.zeros_like(value) for name, value in self.params.items()}
        self.state = (self.params, m, v, torch.zeros(()))

        def loss_of(params, x, y):
            return loss_fn(torch.func.functional_call(net, params, (x,)), y)

        def step(params, m, v, t, x, y):
            grads, loss = torch.func.grad_and_value(loss_of)(params, x, y)
            t.add_(1)
            for name, g in grads.items():
                if uses_adam:
                    adam(params[name], m[name], v[name], g, t, rate)
                else:
                    params[name].sub_(rate * g)
            return loss

        self.compiled = torch.compile(step)

    def step(self, x, y):
        with torch.no_grad():
            return self.compiled(*self.state, x, y)


class Torch(worker_base.Framework):
    def __init__(self, compiled):
        self.compiled = compiled
        self.name = "torch-compile" if compiled else "torch"

    def version(self):
        return torch.__version__

    def variants(self, workload):
        layouts = ["default", "channels last"] if len(workload["input_shape"]) == 3 else ["default"]
        if not self.compiled or workload["mode"] == "predict":
            return layouts
        return layouts + ["one function"]

    def prepare(self, workload, x, y, weights, variant):
        if self.compiled:
            torch._dynamo.reset()
        self.workload = workload
        self.channels_last = variant == "channels last"
        self.set_data(x, y)
        net = Net(workload, weights, self.channels_last)
        self.net = net
        self.functional = None
        self.call = lambda x: output(workload, net(x))
        if workload["mode"] == "predict":
            net.requires_grad_(False).eval()
            if self.compiled:
                from torch._inductor import config as inductor
                inductor.freezing = True
                self.call = torch.compile(self.call)
            return
        if variant == "one function":
            self.functional = Functional(workload, net)
            return
        self.optimizer = self.make_optimizer()
        self.loss = self.make_loss(clipped=self.compiled)

    def make_optimizer(self):
        kind, config = (self.workload["optimizer"][key] for key in ("class_name", "config"))
        if kind == "Adam":
            return torch.optim.Adam(self.net.parameters(), lr=config["learning_rate"], eps=1e-7,
                                    fused=True)
        return torch.optim.SGD(self.net.parameters(), lr=config["learning_rate"], fused=True)

    def make_loss(self, clipped):
        net, loss_fn = self.net, loss_function(self.workload, clipped)

        def loss(x, y):
            return loss_fn(net(x), y)

        return torch.compile(loss) if self.compiled else loss

    def set_data(self, x, y):
        self.batches = [(self.images(a), self.targets(b)) for a, b in zip(x, y)]

    def images(self, x):
        tensor = torch.from_numpy(np.ascontiguousarray(x))
        if tensor.dim() < 4:
            return tensor
        tensor = tensor.permute(0, 3, 1, 2)
        return tensor.contiguous(
            memory_format=torch.channels_last if self.channels_last else torch.contiguous_format)

    def targets(self, y):
        tensor = torch.from_numpy(np.ascontiguousarray(y))
        return tensor.long() if tensor.dtype == torch.int32 else tensor

    def step(self, x, y):
        if self.functional:
            return self.functional.step(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x, y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def losses(self, steps):
        if not self.functional:
            self.optimizer = PlainOptimizer(self.workload, list(self.net.parameters()))
            if not self.compiled:
                self.loss = self.make_loss(clipped=True)
        result = [self.step(*self.batches[i % len(self.batches)]).item() for i in range(steps)]
        if not self.functional:
            self.optimizer = self.make_optimizer()
            if not self.compiled:
                self.loss = self.make_loss(clipped=False)
        return result

    def epochs(self, count):
        total = torch.zeros(())
        for _ in range(count):
            for x, y in self.batches:
                total += self.step(x, y)
        total.item()

    def predict(self, index):
        with torch.inference_mode():
            return self.call(self.batches[index][0]).numpy()

    def accuracy(self, x, y):
        params = self.functional.params if self.functional else dict(self.net.named_parameters())
        with torch.inference_mode():
            right = sum(int((torch.func.functional_call(self.net, params, (self.images(a),)).argmax(1).numpy() == b).sum())
                        for a, b in zip(x, y))
        return right / y.size


if __name__ == "__main__":
    worker_base.main(lambda name: Torch(name == "torch-compile"))
