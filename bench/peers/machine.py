"""What is known of the machine, and whether anything else keeps it busy."""

import datetime
import os
import pathlib
import platform

from contestant import TICK, cpu_seconds

MOST_OTHERS = 0.08  # of one core
LEAST_PEAK = 0.85   # of the best seen


def describe():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    isa = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if f" {flag}" in flags]
    memory = pathlib.Path("/proc/meminfo").read_text().split()[1]
    return {"cpu": model, "isa": isa, "cores": len(os.sched_getaffinity(0)),
            "memory_gb": round(int(memory) / 2**20, 1), "kernel": platform.release(),
            "date": datetime.date.today().isoformat(),
            "load_before": float(pathlib.Path("/proc/loadavg").read_text().split()[0])}


def private_cache():
    """Bytes of a core's own second-level cache; 0 when the system does not tell."""
    try:
        text = pathlib.Path("/sys/devices/system/cpu/cpu0/cache/index2/size").read_text().strip()
    except OSError:
        return 0
    return int(text[:-1]) * {"K": 2**10, "M": 2**20}[text[-1]]


def busy_seconds():
    """Processor time that anybody has used so far, stolen time of a virtual machine included."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = (int(value) for value in fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICK


class LoadWatch:
    """Processor time that others use while contestants run, in cores."""

    def __init__(self, contestants):
        self.pids = [os.getpid()] + [c.process.pid for c in contestants]
        self.start()

    def _now(self):
        return (float(pathlib.Path("/proc/uptime").read_text().split()[0]), busy_seconds(),
                sum(cpu_seconds(pid) for pid in self.pids))

    def start(self):
        self.before = self._now()

    def others(self):
        wall, busy, own = (b - a for a, b in zip(self.before, self._now()))
        return max(0.0, busy - own) / max(wall, 0.01)


class Best:
    """The highest rate seen in the run, per thread count: what the machine can do."""

    def __init__(self):
        self.best = {}

    def see(self, threads, rate):
        self.best[threads] = max(self.best.get(threads, 0.0), rate)
        return rate

    def low(self, threads, rate):
        return rate < LEAST_PEAK * self.best[threads]
