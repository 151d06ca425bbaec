"""Every setting as a frozen dataclass with its default; `config_sources.py` fills them from file, variables and flags.

Rule of this file: field names are the keys of the TOML file, section by section. Nothing below `app.py` reads files or
the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Cloud = Literal["off", "prefer", "fallback"]
DuplexMode = Literal["full", "guarded", "half"]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """One engine's own settings: section `engines.NAME`. Empty means the engine's default."""

    base_url: str = ""
    stt_model: str = ""
    """Model name, file or folder."""
    llm_model: str = ""
    tts_model: str = ""
    voice: str = ""
    language: str = ""
    timeout_s: float = 10.0
    stability: float = 0.5
    """ElevenLabs voice setting, 0..1."""
    similarity: float = 0.75
    """ElevenLabs voice setting, 0..1."""
    speed: float = 1.0
    """ElevenLabs voice setting, 0.7..1.2."""
    output_format: str = ""
    optimize_streaming_latency: int = 0
    runtime: Literal["auto", "xllamacpp", "llama-cpp-python"] = "auto"
    """llama-cpp only."""
    context_tokens: int = 4096
    """llama-cpp only."""
    threads: int = 0
    """Local engines; 0 = chosen from the machine."""


@dataclass(frozen=True, slots=True)
class EnginesConfig:
    """Which engine does what: section `engines`."""

    stt: tuple[str, ...] = ("auto",)
    """In order of preference: `NAME`, `NAME:MODEL` or `NAME:PATH`."""
    llm: tuple[str, ...] = ("auto",)
    tts: tuple[str, ...] = ("auto",)
    vad: Literal["silero", "energy", "webrtc"] = "silero"
    cloud: Cloud = "off"
    fallback: bool = True
    """Whether the local default stands behind a cloud engine."""
    options: Mapping[str, EngineOptions] = field(default_factory=dict)
    """Sections `engines.NAME`, by name."""

    def of(self, name: str) -> EngineOptions:
        """The options of engine `name`, or the defaults."""
        return self.options.get(name, EngineOptions())


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Devices: section `audio`."""

    input: str = ""
    """Index or part of a device's name, a .wav file, `-`, `none`; empty = the default device."""
    output: str = ""
    latency_ms: int = 40
    """Asked of the playback device; 40 ms gave no gaps under load (docs/decisions)."""
    block_ms: int = 10
    sample_rate: int = 0
    """Rate of the playback device in Hz; 0 = the device's own."""
    echo: Literal["auto", "off"] = "auto"
    duplex: Literal["auto", "full", "guarded", "half"] = "auto"
    room: str = ""
    """`DELAY_MS,GAIN_DB[,RT60_MS]`: simulated path from output back into input; file devices only."""


@dataclass(frozen=True, slots=True)
class VadConfig:
    """Voice activity: section `vad`. Probabilities are 0..1."""

    threshold: float = 0.5
    release: float = 0.35
    min_speech_ms: int = 64
    preroll_ms: int = 300
    duck_threshold: float = 0.3


@dataclass(frozen=True, slots=True)
class TurnConfig:
    """Turn-taking: section `turn`."""

    patience: Literal["fast", "normal", "patient"] = "normal"
    sure_ms: int = 0
    """Wait after the end of speech when the thought is surely finished; 0 = from the preset."""
    silence_ms: int = 0
    """... when nothing but silence speaks; 0 = from the preset."""
    limit_ms: int = 0
    """... when it seems unfinished; 0 = from the preset."""
    max_turn_s: float = 60.0
    overlap: Literal["pause", "duck"] = "pause"
    overlap_decide_ms: int = 400
    stop_words: tuple[str, ...] = ("stop", "wait", "be quiet", "hold on", "quiet", "enough")
    backchannels: tuple[str, ...] = (
        *("mm-hm", "mhm", "uh-huh", "yeah", "yes", "right", "okay", "ok"),
        *("i see", "wow", "really"),
    )

    @property
    def waits_ms(self) -> tuple[int, int, int]:
        """(sure, silence, limit) in ms from the end of speech: the preset, overridden by the keys that are set."""
        sure, silence, limit = PATIENCE_MS[self.patience]
        return self.sure_ms or sure, self.silence_ms or silence, self.limit_ms or limit


PATIENCE_MS: Mapping[str, tuple[int, int, int]] = {
    "fast": (120, 400, 1200),
    "normal": (200, 600, 2000),
    "patient": (500, 900, 3500),
}
"""Presets of the product contract, section 6."""


@dataclass(frozen=True, slots=True)
class ReplyConfig:
    """The model's answers: section `reply`."""

    max_tokens: int = 150
    temperature: float = 0.7
    top_p: float = 0.9
    system_prompt: str = (
        "You are a friendly voice assistant. Your words are spoken aloud, so answer in one to three short sentences "
        "of plain text, without lists, markdown or emoji."
    )
    prepare: bool = True
    filler_after_ms: int = 0
    silence_prompt_s: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """The voice: section `speech`."""

    voice: str = ""
    rate: float = 1.0
    """1 = the voice's own pace."""
    volume: float = 1.0
    """Linear gain, 0..1."""
    pronunciation: str = ""
    """A TOML file of words and how to say them."""


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """What the model remembers: section `history`."""

    max_turns: int = 20
    token_budget: int = 2000
    keep_interrupted: Literal["heard", "none"] = "heard"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The conversation as a whole: section `session`."""

    language: str = "en"
    greeting: str = "Hello, I am listening."
    """Spoken first on real devices; empty = none."""
    idle_timeout_s: float = 0.0
    """0 = never."""
    save: str = ""
    """File that keeps the transcript; empty = nothing is stored."""
    budget_usd: float = 0.0
    """0 = no limit."""
    latency_budget_ms: int = 800
    persona: str = ""


@dataclass(frozen=True, slots=True)
class SkillsConfig:
    """Built-in skills: section `skills`."""

    fast_path: bool = True
    """Skills answer before the model when the whole utterance matches."""
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set."""

    engines: EnginesConfig = EnginesConfig()
    audio: AudioConfig = AudioConfig()
    vad: VadConfig = VadConfig()
    turn: TurnConfig = TurnConfig()
    reply: ReplyConfig = ReplyConfig()
    speech: SpeechConfig = SpeechConfig()
    history: HistoryConfig = HistoryConfig()
    session: SessionConfig = SessionConfig()
    skills: SkillsConfig = SkillsConfig()
