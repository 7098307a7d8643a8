"""A worker process: started, pinned, asked, and stopped while others have their turn."""

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = {"torch": "torch_worker.py", "torch-compile": "torch_worker.py",
           "tensorflow": "tensorflow_worker.py", "tensorflow-xla": "tensorflow_worker.py",
           "keras": "tensorflow_worker.py", "jax": "jax_worker.py"}
PEERS = ["torch", "torch-compile", "tensorflow", "tensorflow-xla", "jax"]
TICK = os.sysconf("SC_CLK_TCK")


class WorkerError(RuntimeError):
    pass


class Launcher:
    """How contestants are started: programs (a peer's is one of `scripts`), folders, threads."""

    def __init__(self, worker, python, logs, threads, scripts=None):
        self.worker, self.python, self.logs, self.threads = worker, python, logs, threads
        self.scripts = SCRIPTS if scripts is None else scripts

    def command(self, name):
        if name == "danlu":
            return [str(self.worker)]
        return [str(self.python), "-s", str(HERE / self.scripts[name]), name]

    def environment(self):
        n = str(self.threads)
        return dict(os.environ, OMP_NUM_THREADS=n, DANLU_NUM_THREADS=n, MKL_NUM_THREADS=n,
                    OPENBLAS_NUM_THREADS=n, TF_NUM_INTRAOP_THREADS=n, PYTHONDONTWRITEBYTECODE="0",
                    TORCHINDUCTOR_CACHE_DIR=str(self.logs.parent / "inductor"),
                    TORCHINDUCTOR_COMPILE_THREADS="1")

    def spawn(self, name, arguments=(), **options):
        """Runs on the first `threads` processors only, so that no pool can be larger."""
        cpus = sorted(os.sched_getaffinity(0))[:self.threads]
        self.logs.mkdir(parents=True, exist_ok=True)
        with open(self.logs / f"{name}.log", "ab") as log:
            return subprocess.Popen(self.command(name) + list(arguments), stderr=log,
                                    env=self.environment(), stdout=subprocess.PIPE,
                                    preexec_fn=lambda: os.sched_setaffinity(0, cpus), **options)


class Contestant:
    def __init__(self, name, launcher):
        self.name, self.launcher = name, launcher
        self.process = launcher.spawn(name, stdin=subprocess.PIPE)
        self.buffer = b""
        self.stopped = False
        try:
            self.version = self.ask("hello", timeout=120)["version"]
        except WorkerError:
            self.close()
            raise

    def ask(self, command, timeout=600, **arguments):
        """The answer to one command; the process is stopped again afterwards.
        Errors: WorkerError with what the worker said, or that it is gone or too slow."""
        self.resume()
        try:
            line = json.dumps({"command": command, **arguments}) + "\n"
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
            answer = json.loads(self._read_line(timeout))
        except (OSError, ValueError) as error:
            raise WorkerError(f"{self.name}: '{command}' failed: {error}") from error
        finally:
            self.pause()
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer

    def _read_line(self, timeout):
        end = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise OSError(f"no answer within {timeout} s")
            part = os.read(self.process.stdout.fileno(), 1 << 20)
            if not part:
                raise OSError("the process has ended")
            self.buffer += part
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def pause(self):
        """A stopped process cannot spin beside the one whose turn it is."""
        if not self.stopped and self.alive():
            self.process.send_signal(signal.SIGSTOP)
            self.stopped = True

    def resume(self):
        if self.stopped and self.alive():
            self.process.send_signal(signal.SIGCONT)
            self.stopped = False

    def alive(self):
        return self.process.poll() is None

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def close(self):
        if self.alive():
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        with contextlib.suppress(OSError):  # what a dead process did not read
            self.process.stdin.close()


def cpu_seconds(pid):
    """Of the process with all its threads and the children it has waited for."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[11:15]) / TICK
