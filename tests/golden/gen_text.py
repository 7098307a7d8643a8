"""cnn_summary*.txt and fit_log*.txt: Keras's own words, byte for byte (fit_log_lines.txt apart).

Times in the logs differ from run to run; everything else repeats.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import common  # first: it chooses the backend
import fashion
import gen_models
import keras
import numpy as np

SAMPLES, EPOCHS, BATCH = 640, 2, 64


def summary_text(model, **options):
    out = io.StringIO()
    model.summary(print_fn=lambda line, **_: out.write(line + "\n"), **options)
    return out.getvalue()


def compiled():
    common.use("float32")
    keras.utils.set_random_seed(1)
    model = gen_models.cnn()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(verbose, validation):
    images, labels = fashion.load("train")
    x = images[: 2 * SAMPLES, :, :, None].astype("float32") / 255
    y = labels[: 2 * SAMPLES]
    model = compiled()
    held_out = (x[SAMPLES:], y[SAMPLES:]) if validation else None
    model.fit(
        x[:SAMPLES],
        y[:SAMPLES],
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=verbose,
        validation_data=held_out,
    )
    model.evaluate(x[:SAMPLES], y[:SAMPLES], verbose=verbose)


def through_pipe(arguments):
    return subprocess.run(
        [sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE
    ).stdout


def through_terminal(arguments):
    """The bytes Keras sends to a terminal of 80 columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    child = subprocess.Popen(
        [sys.executable, __file__, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # Linux's way to say that the other end has closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    if child.wait() != 0:
        raise RuntimeError(f"{arguments}: exit status {child.returncode}")
    return b"".join(chunks)


def as_lines(log):
    """The log without colours and backspaces, each refresh of the bar on a line of its own."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", log.decode()).replace("\b", "")
    return re.sub(r" +$", "", text.replace("\n\r", "\n").replace("\r", "\n"), flags=re.MULTILINE)


def main():
    if sys.argv[1:2] == ["fit"]:
        fit(int(sys.argv[2]), sys.argv[3] == "validation")
        return
    if sys.argv[1:2] == ["summary"]:
        compiled().summary()
        return

    common.use("float32")
    unbuilt = gen_models.cnn()
    trained = compiled()
    images = np.zeros((4, 28, 28, 1), np.float32)
    trained.train_on_batch(images, np.zeros(4, np.int32))
    frozen = gen_models.cnn()
    frozen.get_layer("conv2d").trainable = False
    (common.HERE / "cnn_summary.txt").write_text(summary_text(unbuilt))
    (common.HERE / "cnn_summary_trained.txt").write_text(summary_text(trained))
    (common.HERE / "cnn_summary_frozen.txt").write_text(summary_text(frozen, show_trainable=True))
    (common.HERE / "cnn_summary_tty.txt").write_bytes(through_terminal(["summary"]))

    log = b""
    for verbose in ("1", "2"):
        for validation in ("none", "validation"):
            log += f"=== verbose={verbose} validation_data={validation} ===\n".encode()
            log += through_pipe(["fit", verbose, validation])
    (common.HERE / "fit_log.txt").write_bytes(log)
    (common.HERE / "fit_log_lines.txt").write_text(as_lines(log))
    (common.HERE / "fit_log_tty.txt").write_bytes(through_terminal(["fit", "1", "validation"]))


if __name__ == "__main__":
    main()
