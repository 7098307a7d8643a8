"""Trains the course's `cnn` (listing 001_1) with real Keras on all of Fashion-MNIST.

Writes keras_accuracy.json: test accuracy and loss after every epoch, for each seed. The file is
rewritten after every seed, so an interrupted run leaves the seeds it finished.

    KERAS_BACKEND=tensorflow python keras_accuracy.py [--seeds 1 2 3] [--probe]
"""

import argparse
import json
import pathlib
import platform
import time

import fashion
import keras
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def build():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def compiled(seed):
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--probe", action="store_true", help="time 20 steps and stop")
    options = parser.parse_args()

    train_images, train_labels = fashion.load("train")
    test_images, test_labels = fashion.load("test")
    train_images = train_images[..., None].astype("float32") / 255
    test_images = test_images[..., None].astype("float32") / 255

    if options.probe:
        model = compiled(1)
        model.fit(train_images[:640], train_labels[:640], batch_size=64, verbose=0)
        start = time.time()
        model.fit(train_images[:1280], train_labels[:1280], batch_size=64, verbose=0)
        seconds = time.time() - start
        print(f"{keras.backend.backend()}: {seconds / 20 * 938:.0f} s per epoch expected")
        return

    result = {
        "network": "listing 001_1",
        "data": "fashion-mnist, 60000 train / 10000 test, x / 255",
        "optimizer": "adam (Keras defaults)",
        "epochs": options.epochs,
        "batch_size": 64,
        "versions": {
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "seeds": {},
    }
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        result["versions"]["tensorflow"] = tensorflow.__version__
    for seed in options.seeds:
        model = compiled(seed)
        history = model.fit(
            train_images,
            train_labels,
            batch_size=64,
            epochs=options.epochs,
            validation_data=(test_images, test_labels),
            validation_batch_size=500,
            verbose=2,
        ).history
        result["seeds"][str(seed)] = {
            "test_accuracy": history["val_accuracy"][-1],
            "test_loss": history["val_loss"][-1],
            "test_accuracy_per_epoch": history["val_accuracy"],
            "train_accuracy_per_epoch": history["accuracy"],
            "train_loss_per_epoch": history["loss"],
        }
        accuracies = [run["test_accuracy"] for run in result["seeds"].values()]
        result["mean_test_accuracy"] = float(np.mean(accuracies))
        text = json.dumps(result, indent=2) + "\n"
        (HERE / "keras_accuracy.json").write_text(text)
        print(f"seed {seed}: {accuracies[-1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
