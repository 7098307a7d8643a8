"""PyTorch's single ops, without gradients, eager; see ops_worker.py. Where layouts or functions to
choose from exist, each is a variant."""

import os

import torch
import torch.nn.functional as F

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
torch.set_grad_enabled(False)


def version():
    return torch.__version__


def to_numpy(result):
    return [a.numpy() for a in (result if isinstance(result, (tuple, list)) else (result,))]


def way(f, inputs, finish=to_numpy):
    tensors = [torch.from_numpy(x.copy()) for x in inputs]
    return {"eager": (lambda: f(*tensors), finish)}


def plain(f):
    return lambda inputs, op: way(f, inputs)


def chain(inputs, _):
    half = torch.tensor(0.5)
    return way(lambda x, w: torch.addcmul(half, x, w).clamp_min_(0).mul_(x).sub_(w, alpha=0.25),
               inputs)


def layer_norm(x, gamma, beta):
    return F.layer_norm(x, gamma.shape, gamma, beta, 1e-5)


def attention(inputs, _):
    tensors = [torch.from_numpy(x.copy()) for x in inputs]
    views = [x.transpose(1, 2) for x in tensors]
    packed = [x.contiguous() for x in views]

    def finish(y):
        return [y.transpose(1, 2).contiguous().numpy()]
    return {"heads inside": (lambda: F.scaled_dot_product_attention(*views), finish),
            "heads first": (lambda: F.scaled_dot_product_attention(*packed), finish)}


def scatter_add(inputs, op):
    rows, values = torch.from_numpy(inputs[0].copy()), torch.from_numpy(inputs[1].copy())
    wide = rows.long()
    shape = (op["rows"], values.shape[1])
    return {"index_add": (lambda: torch.zeros(shape).index_add_(0, rows, values), to_numpy),
            "index_add of int64": (lambda: torch.zeros(shape).index_add_(0, wide, values), to_numpy),
            "index_put": (lambda: torch.zeros(shape).index_put_((wide,), values, True), to_numpy)}


def gather(inputs, _):
    table, rows = (torch.from_numpy(x.copy()) for x in inputs)
    wide = rows.long()
    return {"index_select": (lambda: torch.index_select(table, 0, rows), to_numpy),
            "embedding": (lambda: F.embedding(wide, table), to_numpy)}


def resize(antialias):
    def make(inputs, op):
        channels_last = torch.from_numpy(inputs[0].copy()).permute(0, 3, 1, 2)
        packed = channels_last.contiguous()

        def call(x):
            return lambda: F.interpolate(x, op["size"], mode="bilinear", align_corners=False,
                                         antialias=antialias)

        def finish(y):
            return [y.permute(0, 2, 3, 1).contiguous().numpy()]
        return {"channels first": (call(packed), finish), "channels last": (call(channels_last), finish)}
    return make


def parts(y):
    return [y.real.contiguous().numpy(), y.imag.contiguous().numpy()]


def fft(inputs, _):
    x = torch.complex(*(torch.from_numpy(part.copy()) for part in inputs))
    return {"eager": (lambda: torch.fft.fft(x), parts)}


OPS = {
    "chain": chain,
    "gelu": plain(lambda x: F.gelu(x, approximate="tanh")),
    "sum-last": plain(lambda x: torch.sum(x, -1)),
    "sum-first": plain(lambda x: torch.sum(x, 0)),
    "sum-all": plain(torch.sum),
    "max": plain(lambda x: torch.amax(x, -1)),
    "argmax": plain(lambda x: torch.argmax(x, -1)),
    "cumsum": plain(lambda x: torch.cumsum(x, -1)),
    "softmax": plain(lambda x: torch.softmax(x, -1)),
    "layer-norm": plain(layer_norm),
    "attention": attention,
    "sort": plain(lambda x: torch.sort(x)[0]),
    "argsort": plain(torch.argsort),
    "top-k": plain(lambda x: tuple(torch.topk(x, 8))),
    "gather": gather,
    "scatter-add": scatter_add,
    "resize-up": resize(False),
    "resize-down": resize(True),
    "rfft": lambda inputs, op: way(torch.fft.rfft, inputs, parts),
    "fft": fft,
}
