"""PyTorch's side of the benchmark: eager and `torch.compile`, both memory formats."""

import os

import numpy as np
import torch
import torch.nn.functional as F

import worker_base
from torch_layers import Net

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


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
        self.params = {name: value.detach().clone() for name, value in net.named_parameters()
                       if value.requires_grad}
        self.buffers = {name: value.detach().clone() for name, value in net.named_buffers()}
        self.net = net.requires_grad_(False)
        rate = workload["optimizer"]["config"]["learning_rate"]
        uses_adam = workload["optimizer"]["class_name"] == "Adam"
        loss_fn = loss_function(workload, True)
        m = {name: torch.zeros_like(value) for name, value in self.params.items()}
        v = {name: torch.zeros_like(value) for name, value in self.params.items()}
        self.state = (self.params, self.buffers, m, v, torch.zeros(()))

        def loss_of(params, buffers, x, y):
            updated = {name: value.clone() for name, value in buffers.items()}
            return loss_fn(torch.func.functional_call(net, {**params, **updated}, (x,)), y), updated

        def step(params, buffers, m, v, t, x, y):
            grads, (loss, updated) = torch.func.grad_and_value(loss_of, has_aux=True)(
                params, buffers, x, y)
            t.add_(1)
            for name, value in updated.items():
                buffers[name].copy_(value)
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
        compiles_steps = self.compiled and workload["mode"] == "train"
        layouts = ["default", "channels last"] if len(workload["input_shape"]) == 3 else ["default"]
        if worker_base.has(workload, "LSTM"):  # which the compiler leaves to PyTorch, or unrolled
            return layouts + (["unrolled"] if compiles_steps else [])
        functions = ["one function"] if compiles_steps else []
        if not worker_base.half(workload):
            return layouts + functions
        # Weights cast by autocast, or where they are used.
        return worker_base.combinations(layouts, ["cast", "autocast"]) + [
            name + ", cast" for name in functions]

    def prepare(self, workload, x, y, weights, variant):
        if self.compiled:
            torch._dynamo.reset()
        self.workload = workload
        self.channels_last = "channels last" in variant
        self.autocast = worker_base.half(workload) and "autocast" in variant
        self.dtype = torch.bfloat16 if worker_base.half(workload) and not self.autocast else None
        self.set_data(x, y)
        net = Net(workload, worker_base.one_projection(weights), self.channels_last, self.dtype,
                  "unrolled" in variant,
                  {layer["config"]["name"]: worker_base.activation_of(workload, layer)
                   for layer in workload["layers"]})
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
        if "one function" in variant:
            self.functional = Functional(workload, net)
            return
        self.optimizer = self.make_optimizer()
        self.loss = self.make_loss(clipped=self.compiled)

    def trained(self):
        return [value for value in self.net.parameters() if value.requires_grad]

    def make_optimizer(self):
        kind, config = (self.workload["optimizer"][key] for key in ("class_name", "config"))
        if kind == "Adam":
            return torch.optim.Adam(self.trained(), lr=config["learning_rate"], eps=1e-7,
                                    fused=True)
        return torch.optim.SGD(self.trained(), lr=config["learning_rate"], fused=True)

    def make_loss(self, clipped):
        net, loss_fn = self.net, loss_function(self.workload, clipped)

        def loss(x, y):
            with torch.autocast("cpu", torch.bfloat16, enabled=self.autocast):
                out = net(x)
            return loss_fn(out, y)

        return torch.compile(loss) if self.compiled else loss

    def set_data(self, x, y):
        self.batches = [(self.images(a), self.targets(b)) for a, b in zip(x, y)]

    def images(self, x):
        tensor = torch.from_numpy(np.ascontiguousarray(x))
        tensor = tensor if self.dtype is None else tensor.to(self.dtype)
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
            self.optimizer = PlainOptimizer(self.workload, self.trained())
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
        params = self.functional.params if self.functional else {}
        with torch.inference_mode():
            right = sum(int((torch.func.functional_call(self.net, params, (self.images(a),))
                             .argmax(1).numpy() == b).sum()) for a, b in zip(x, y))
        return right / y.size


if __name__ == "__main__":
    worker_base.main(lambda name: Torch(name == "torch-compile"))
