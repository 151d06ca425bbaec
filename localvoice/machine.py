"""What this machine's processor can do, and how many threads an engine may take of it.

Every count has a floor of one, and what cannot be read counts as "no obstacle": an engine's own failure is clearer than
a guess of ours.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil

RECOGNISER_THREADS_MAX = 4
"""CTranslate2 gets slower beyond this: tiny int8 took 28 s with 4 threads, 120 s with 8 (ttlequals0/MinusPod#334)."""

_X86 = frozenset({"x86_64", "amd64", "i386", "i686", "x86"})
_PF_AVX2_INSTRUCTIONS_AVAILABLE = 40
"""winnt.h."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor as engines need to know it."""

    physical_cores: int
    """Performance cores where the processor has two kinds, without hyper-threads; never more than `usable_cores`."""
    usable_cores: int
    """Logical cores that this process may run on: affinity and the container's quota counted in."""
    instructions: frozenset[str]
    """Lower-case names as in /proc/cpuinfo; empty where they cannot be read."""
    is_x86: bool
    processor: str = ""
    """As its maker calls it; empty where that cannot be read."""

    @property
    def model_threads(self) -> int:
        """Threads for a language model.

        One core stays free for audio: threads that spin for each other collapse as soon as a core is taken away
        (2 threads on 2 busy cores 2-9 tokens/s, 1 thread 114; xllamacpp, November 2026).
        """
        return max(1, self.physical_cores - 1)

    @property
    def model_threads_beside(self) -> int:
        """Threads for a language model that reads a prompt while the recogniser works: together one core is left."""
        return max(1, self.physical_cores - 1 - self.recogniser_threads)

    @property
    def model_threads_fixed(self) -> int:
        """Threads for a language model that writes with the same number whether the recogniser works or not.

        What is left beside it, but half of `model_threads` at least: both work at once only while the user speaks over
        a reply that is still being written, and with fewer every reply would be late.
        """
        return max(self.model_threads_beside, (self.model_threads + 1) // 2)

    @property
    def recogniser_threads(self) -> int:
        """Threads for CTranslate2."""
        return min(RECOGNISER_THREADS_MAX, self.model_threads)

    def missing(self, needed: Iterable[str]) -> tuple[str, ...]:
        """Which of the instruction sets `needed` this processor lacks; none where that cannot be known."""
        if not self.is_x86 or not self.instructions:
            return ()
        return tuple(name for name in needed if name not in self.instructions)


@lru_cache(maxsize=1)
def this_machine() -> Machine:
    """The machine we run on. Reads a few system files the first time."""
    usable = _usable_cores()
    physical = _performance_cores() or psutil.cpu_count(logical=False) or usable
    return Machine(
        physical_cores=max(1, min(physical, usable)),
        usable_cores=usable,
        instructions=_instructions(),
        is_x86=platform.machine().lower() in _X86,
        processor=_processor(),
    )


def free_bytes() -> int:
    """Memory that can be had without swapping, the container's limit counted in."""
    limit, used = (_text(f"/sys/fs/cgroup/memory.{name}").strip() for name in ("max", "current"))
    available = int(psutil.virtual_memory().available)
    return max(0, min(available, int(limit) - int(used))) if limit.isdigit() and used.isdigit() else available


def total_bytes() -> int:
    """Memory in all, the container's limit counted in."""
    limit, total = _text("/sys/fs/cgroup/memory.max").strip(), int(psutil.virtual_memory().total)
    return min(total, int(limit)) if limit.isdigit() else total


def instructions_in(cpuinfo: str) -> frozenset[str]:
    """The flags of the first processor in the text of /proc/cpuinfo (x86 `flags`, ARM `Features`)."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            return frozenset(value.lower().split())
    return frozenset()


def cores_in_quota(cpu_max: str) -> int | None:
    """Whole cores in a cgroup's `cpu.max` ("QUOTA PERIOD", microseconds); None where there is no limit."""
    fields = cpu_max.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or not int(fields[1]):  # "max 100000"
        return None
    return max(1, int(fields[0]) // int(fields[1]))


def _usable_cores() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    quota = cores_in_quota(_text("/sys/fs/cgroup/cpu.max"))
    return max(1, min(allowed, quota or allowed))


def _performance_cores() -> int | None:
    """Physical performance cores of a processor with two kinds of cores; None elsewhere (and on Windows)."""
    if sys.platform == "darwin":
        count = _sysctl("hw.perflevel0.physicalcpu")
        return int(count) if count.isdigit() else None
    cores = set()
    for cpu in _expanded(_text("/sys/devices/cpu_core/cpus")):
        topology = f"/sys/devices/system/cpu/cpu{cpu}/topology"
        cores.add((_text(f"{topology}/physical_package_id"), _text(f"{topology}/core_id")))
    return len(cores) or None


def _expanded(cpu_list: str) -> list[int]:
    """The kernel's "0-3,8" as numbers."""
    numbers: list[int] = []
    for part in filter(None, cpu_list.strip().split(",")):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def _instructions() -> frozenset[str]:
    if sys.platform == "darwin":
        listed = f"{_sysctl('machdep.cpu.features')} {_sysctl('machdep.cpu.leaf7_features')}"
        return frozenset(listed.lower().split())
    if sys.platform == "win32":
        import ctypes

        # Windows names AVX2 only. Every x86 processor of Intel and AMD with AVX2 has the other three as well.
        has_avx2 = ctypes.windll.kernel32.IsProcessorFeaturePresent(_PF_AVX2_INSTRUCTIONS_AVAILABLE)
        return frozenset({"avx2", "fma", "f16c", "bmi2"} if has_avx2 else {"sse2"})
    return instructions_in(_text("/proc/cpuinfo"))


def _processor() -> str:
    if sys.platform == "darwin":
        return _sysctl("machdep.cpu.brand_string")
    lines = (line.partition(":") for line in _text("/proc/cpuinfo").splitlines())
    found = next((value.strip() for key, _, value in lines if key.strip() == "model name"), "")
    return found or platform.processor()


def _sysctl(name: str) -> str:
    """A value of macOS' `sysctl`, empty where it has none."""
    asked = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
