"""This machine measured in about ten seconds, with models of random weights made for it: nothing has to be installed.

Rule of this file: blocking; each figure by the library that the engine uses, with the threads that it gets, and in CPU
time where that is less than the clock's: what else the machine does at this moment is not its speed.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from localvoice.config import EngineOptions, ReplyConfig
from localvoice.engines import ChatModel
from localvoice.errors import ProviderUnavailable
from localvoice.llm.llama_cpp import load_llama
from localvoice.machine import Machine, free_bytes, this_machine
from localvoice.messages import Message, Role, Usage
from localvoice.tiers import random_llama, random_piper, random_whisper
from localvoice.tiers.speeds import Speeds
from localvoice.tts.piper import THREADS

_ENCODER_TIMES = 3.0
"""The model made has a third of the layers of Whisper base."""
_DECODED_TOKENS = 10
_PROMPT_BYTES = 200
"""A token each, in the vocabulary of the model made."""
_REPLY_TOKENS = 24
_PHONEMES = 24
"""1.7 s of sound."""
_VOICE_RATE_HZ = 22_050
_PROBE_S = 20.0
_CARD_QUESTION = """
import ctranslate2, numpy
if ctranslate2.get_cuda_device_count():
    ctranslate2.StorageView.from_array(numpy.ones(4, numpy.float32)).to_device(ctranslate2.Device.cuda)
    print("works")
"""

Say = Callable[[str], None]


def measure(say: Say) -> Speeds:
    """All figures; `say` hears what is being measured.

    Raises:
        ProviderUnavailable: A library is missing, or cannot run on this processor.
    """
    machine = this_machine()
    free = free_bytes()
    with tempfile.TemporaryDirectory(prefix="localvoice-", ignore_cleanup_errors=True) as folder:
        say("language model")
        prefill, decode = asyncio.run(_language_model(Path(folder)))
        say("recogniser")
        recogniser_s = _recogniser_s(Path(folder), machine)
        say("synthesiser")
        factor = _synthesiser_factor(Path(folder))
    say("graphics card")
    card = working_card()
    return Speeds(
        recogniser_s=recogniser_s,
        prefill_tokens_per_s=prefill,
        decode_tokens_per_s=decode,
        synthesiser_factor=factor,
        free_bytes=free,
        physical_cores=machine.physical_cores,
        card_bytes=card.bytes,
        card=card.name,
    )


async def _language_model(folder: Path) -> tuple[float, float]:
    """Tokens a second: of a prompt, and of a reply."""
    path = random_llama.make(folder / "model.gguf", random_llama.SIZES["0.1b"])
    reply = ReplyConfig(max_tokens=_REPLY_TOKENS, temperature=0.0)
    model = load_llama(path, EngineOptions(context_tokens=1024), reply)
    try:
        prompt = [Message(Role.USER, "x" * _PROMPT_BYTES)]
        threads = this_machine().model_threads
        watch = _Watch(threads)
        await model.prefill(prompt)
        prefill = _PROMPT_BYTES / watch.seconds
        return prefill, await _decoded_per_s(model, prompt, threads)
    finally:
        model.close()


class _Watch:
    """Begins to run when it is made."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._began_s = time.perf_counter()
        self._cpu_began_s = time.process_time()

    @property
    def seconds(self) -> float:
        """Since then, of a machine that does nothing else."""
        cpu_s = time.process_time() - self._cpu_began_s
        return max(1e-6, min(time.perf_counter() - self._began_s, cpu_s / self._threads))


async def _decoded_per_s(model: ChatModel, prompt: list[Message], threads: int) -> float:
    """Of the best of three replies: other programs only ever slow it down."""
    best = 0.0
    for _ in range(3):
        watch, usage = _Watch(threads), Usage()
        async for part in model.reply(prompt):
            usage = part if isinstance(part, Usage) else usage
        best = max(best, usage.completion_tokens / watch.seconds)
    return best


def _recogniser_s(folder: Path, machine: Machine) -> float:
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import ctranslate2
    except (ImportError, OSError) as error:
        raise ProviderUnavailable(
            f"the package ctranslate2 cannot be loaded ({error}): install localvoice again", provider="faster-whisper"
        ) from error
    model_dir = random_whisper.make(folder / "whisper", random_whisper.THIRD_OF_BASE)
    threads = machine.recogniser_threads
    model = ctranslate2.models.Whisper(str(model_dir), compute_type="int8", intra_threads=threads)
    sound = ctranslate2.StorageView.from_array(np.zeros((1, 80, 3000), np.float32))

    def once() -> float:
        watch = _Watch(threads)
        encoded = model.encode(sound)
        length = 4 + _DECODED_TOKENS
        prompt = [[1, 2, 4, 8]]
        model.generate(encoded, prompt, beam_size=1, max_length=2 * length, suppress_tokens=[0], suppress_blank=False)
        return watch.seconds

    return _ENCODER_TIMES * min(once() for _ in range(3))


def _synthesiser_factor(folder: Path) -> float:
    import onnxruntime

    path = random_piper.make(folder / "voice.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given = {
        "input": np.ones((1, _PHONEMES), np.int64),
        "input_lengths": np.array([_PHONEMES], np.int64),
        "scales": np.array([0.667, 1.0, 0.8], np.float32),
    }

    def once() -> float:
        watch = _Watch(min(THREADS, this_machine().usable_cores))
        (sound,) = session.run(None, given)
        return watch.seconds * _VOICE_RATE_HZ / float(sound.shape[-1])

    return min(once() for _ in range(3))


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card that computes."""

    name: str = ""
    bytes: int = 0


def working_card() -> Card:
    """NVIDIA's, where a real computation on it succeeds: in a child, because a broken CUDA set-up ends the process."""
    probe = _output([sys.executable, "-c", _CARD_QUESTION])
    if probe.strip() != "works":
        return Card()
    asked = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    name, _, mebibytes = (_output(asked).splitlines() or [""])[0].rpartition(",")
    return Card(name.strip(), int(mebibytes) * 2**20) if mebibytes.strip().isdigit() else Card()


def _output(command: list[str]) -> str:
    """Of a program; empty where it fails, in whatever way."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return str(ended.stdout) if ended.returncode == 0 else ""
