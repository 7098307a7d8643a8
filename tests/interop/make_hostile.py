#!/usr/bin/env python3
"""Writes tests/interop/hostile/*.h5: HDF5 files that Danlu must refuse, and what it must read.

    tests/interop/make_hostile.py     # needs h5py (3.16.0 made the committed files) and numpy

Each is a weight file of one Dense layer with one thing about it that is not as it should be.
`good.h5` is the file without, `types.h5` has every dtype, `gzip.h5` and `chunks.h5` are in
chunks.
"""

import pathlib
import zlib

import h5py
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent / "hostile"
KERNEL = np.arange(12, dtype="float32").reshape(3, 4)


def file(name, change):
    with h5py.File(HERE / f"{name}.h5", "w") as f:
        group = f.create_group("layers/dense/vars")
        group.attrs["name"] = "dense"
        group["0"] = KERNEL
        change(f, group)


def external_storage(f, group):
    group.create_dataset("1", (4,), "float32", external=[("/etc/passwd", 0, 16)])


def virtual(f, group):
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "0", (4,))
    group.create_virtual_dataset("1", layout)


def external_link(f, group):
    group["1"] = h5py.ExternalLink("/etc/passwd", "/0")


def soft_link(f, group):
    group["1"] = h5py.SoftLink("/layers/dense/vars/0")


def loop(f, group):
    group["again"] = f["layers"]


def hard_links(f, group):
    big = group.create_dataset("1", data=np.zeros(64, "float32"))
    for i in range(100):
        group[f"same_{i}"] = big


def shape_bomb(f, group):
    group.create_dataset("1", (1 << 20, 1 << 20), "float32", chunks=(64, 64), compression="gzip")
    group["1"][:64, :64] = 1


def unwritten(f, group):
    group.create_dataset("1", (1 << 30,), "float32")


def chunk_bomb(f, group):
    group.create_dataset("1", (8,), "float32", maxshape=(None,), chunks=(1 << 24,), compression="gzip")
    group["1"][:] = 1


def filter_lzf(f, group):
    group.create_dataset("1", data=np.zeros(64, "float32"), compression="lzf")


def filter_dynamic(f, group):
    """A filter that only a plug-in has; optional, so that it can be written without."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((64,))
    plist.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, (1,))
    space = h5py.h5s.create_simple((64,))
    data = h5py.h5d.create(group.id, b"1", h5py.h5t.IEEE_F32LE, space, plist)
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, np.zeros(64, "float32"))


def texts(f, group):
    group["1"] = np.array(["a", "b"], dtype=object)


def records(f, group):
    group["1"] = np.zeros(4, [("a", "f4"), ("b", "i4")])


def named_type(f, group):
    group["1"] = np.dtype("float32")


def deep(f, group):
    f.create_group("/".join("g" for _ in range(34)))


def types(f, group):
    for i, dtype in enumerate("? i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 >f4 >i4".split()):
        group[f"t{i:02}"] = np.array([[0, 1, 1]], dtype)
    group["empty"] = np.zeros((0, 5), "float32")
    group["scalar"] = np.float64(2.5)


def gzip(f, group):
    data = np.arange(1000, dtype="float32") % 7
    group.create_dataset("1", data=data, chunks=(100,), compression="gzip", shuffle=True,
                         fletcher32=True)


def chunks(f, group):
    """More axes than one, chunks over the edge, big-endian, some of them without the filters."""
    data = np.arange(7 * 10 * 3, dtype=">f8").reshape(7, 10, 3) / 8
    group.create_dataset("1", data=data, chunks=(3, 4, 2), compression="gzip", shuffle=True)
    group["1"].id.write_direct_chunk((0, 0, 0), np.ascontiguousarray(data[:3, :4, :2]).tobytes(), 3)
    group.create_dataset("2", data=data.astype("f4"), chunks=(2, 10, 3))


def short_chunk(f, group):
    """libhdf5 1.10 reads beyond what comes out of the filter."""
    group.create_dataset("1", data=np.zeros(100, "float32"), chunks=(100,), compression="gzip")
    group["1"].id.write_direct_chunk((0,), zlib.compress(bytes(40)), 0)


def long_chunk(f, group):
    group.create_dataset("1", data=np.zeros(100, "float32"), chunks=(100,), compression="gzip")
    group["1"].id.write_direct_chunk((0,), zlib.compress(bytes(4000)), 0)


def bare_chunk(f, group):
    """Says that it was not compressed, and is too short for that."""
    group.create_dataset("1", data=np.ones(100, "float32"), chunks=(100,), compression="gzip")
    group["1"].id.write_direct_chunk((0,), zlib.compress(bytes(400)), 1)


def missing_chunk(f, group):
    group.create_dataset("1", (100, 100), "float32", chunks=(1, 100), compression="gzip")
    group["1"][:50] = 1


def checksum(f, group):
    group.create_dataset("1", data=np.ones(100, "float32"), chunks=(100,), fletcher32=True)
    group["1"].id.write_direct_chunk((0,), bytes(400) + b"\1\2\3\4", 0)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    file("good", lambda f, group: None)
    for change in (external_storage, virtual, external_link, soft_link, loop, hard_links, shape_bomb,
                   unwritten, chunk_bomb, filter_lzf, filter_dynamic, texts, records, named_type, deep,
                   types, gzip, chunks, short_chunk, long_chunk, bare_chunk, missing_chunk, checksum):
        file(change.__name__, change)
