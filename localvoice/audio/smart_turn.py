"""Whether a turn sounds finished: smart-turn v3, a Whisper encoder with one output (engines.md 2).

It hears melody and rhythm, not words, and is right about finished turns more often than about unfinished ones; so its
answer is one vote among several (`turn/votes.py`), and weighed anew where it is the file that we know
(`pooled_vote.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from localvoice.audio.onnx_model import open_model
from localvoice.audio.pooled_vote import INNER, Pooled, PooledVote, features
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.errors import ModelError, ProviderBroken
from localvoice.streams import Worker

NAME = "smart-turn"

HEARD_S = 8
"""Length of its input, in seconds; of a longer turn it hears the end."""

BEFORE_ONSET_S = 0.5
"""Sound in front of the turn that it is given as well, as its makers do."""

_MELS = 80


@dataclass(frozen=True, eq=False)
class Opinion:
    """What the model makes of a turn."""

    answer: float
    """0..1 that it sounds finished."""
    pooled: Pooled | None
    """The features behind the answer; None of a file that we do not know."""


class SmartTurn:
    """The model in a thread of its own."""

    def __init__(self, model: Path) -> None:
        """Load the model and run it once; blocking.

        Raises:
            ModelError: `model` is missing, corrupt or another model, or faster-whisper is not installed.
        """
        if not model.is_file():
            raise ModelError(f"{model} is missing: get it with `localvoice models download`")
        self._vote = PooledVote()
        inner = INNER if self._vote.is_of(model) else ()
        self._session = open_model(model, NAME, has_arena=True, inner=inner)
        if [one.shape[1:] for one in self._session.get_inputs()] != [[_MELS, HEARD_S * 100]]:
            raise ModelError(f"{model} is not smart-turn v3: get it with `localvoice models download`")
        self._features = Features()
        self._run(silence(SPEECH_RATE_HZ))
        self._worker = Worker(NAME)

    @property
    def name(self) -> str:
        """As in `session_started.engines.turn`."""
        return NAME

    async def probability(self, turn: Samples) -> float:
        """0..1 that the turn (16 kHz, of any length, up to the present pause) sounds finished. 40-90 ms.

        Means nothing without speech: digital silence gives 0.99. Cancelling returns at once; a run that goes on is left
        to finish.
        """
        return self.weighed(await self.opinion(turn))

    async def opinion(self, turn: Samples) -> Opinion:
        """The same before it is weighed."""
        own = turn[-HEARD_S * SPEECH_RATE_HZ :].copy()  # the caller's buffer goes on being written
        return await self._worker.call(lambda _: self._run(own))

    def weighed(self, opinion: Opinion) -> float:
        """The probability that follows from it."""
        return self._vote.probability(opinion.answer, opinion.pooled)

    def close(self) -> None:
        """Free the model, as soon as work in hand is done."""
        self._worker.close()
        self._session = None

    def _run(self, turn: Samples) -> Opinion:
        try:
            answer, *inner = self._session.run(None, {"input_features": self._features.of(turn)[None]})
        except Exception as error:  # onnxruntime has no common base for its run errors
            raise ProviderBroken(f"smart-turn failed ({type(error).__name__})", provider=NAME) from error
        likely = float(answer.reshape(-1)[0])  # called `logits`, but a probability already
        return Opinion(likely, features(*inner) if inner else None)


class Features:
    """What the model is fed: Whisper's log-mel spectrogram of 8 s, the turn at their end."""

    def __init__(self) -> None:
        self._extract = _whisper_features()(feature_size=_MELS, chunk_length=HEARD_S)

    def of(self, turn: Samples) -> NDArray[np.float32]:
        """Shape (80, 800). In the order that the model was trained with: cut or pad in front, normalise, transform."""
        wanted = HEARD_S * SPEECH_RATE_HZ
        padded = np.concatenate((silence(max(0, wanted - len(turn))), turn[-wanted:]))
        padded = (padded - padded.mean()) / np.sqrt(padded.var() + 1e-7)
        features: NDArray[np.float32] = self._extract(padded, padding=0).astype(np.float32)
        return features


def _whisper_features() -> Any:
    """faster-whisper's `FeatureExtractor`, from its file: the whole package takes 0.24 s and 37 MB to import."""
    spec = find_spec("faster_whisper")  # finds the folder, imports nothing
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "feature_extractor.py"
        alone = spec_from_file_location("localvoice_whisper_features", file)
        if alone is not None and alone.loader is not None and file.is_file():
            module = module_from_spec(alone)
            alone.loader.exec_module(module)
            return module.FeatureExtractor
    raise ModelError("smart-turn needs faster-whisper: run `pip install faster-whisper`")
