"""Every setting as a frozen dataclass with its default; `config_sources.py` fills them from file, variables and flags.

Rule of this file: field names are the keys of the TOML file, section by section; type, `Range` and docstring of a field
are all that checking, `config show` and `config init` know about it. Nothing below `app.py` reads files or the
environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from localvoice.config_ranges import Count, Duration, EngineList, Fraction, Language, Range, SpeechProbability

Cloud = Literal["off", "prefer", "fallback"]

BUILT_IN_WORDS = "auto"
"""In a list of words: the built-in ones of the language (turn/lexicon.py)."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """One engine's own settings: section `engines.NAME`. Empty means the engine's default."""

    base_url: str = ""
    """Address of the service, as the vendor's own SDK takes it; https, or http on this machine."""
    stt_model: str = ""
    """Model for speech recognition: a name, file or folder."""
    llm_model: str = ""
    """Language model: a name or file."""
    tts_model: str = ""
    """Model for speech synthesis: a name or file."""
    voice: str = ""
    """Voice for speech synthesis, by the engine's own name for it."""
    language: Language = ""
    """Language code for this engine; empty = `session.language`."""
    timeout_s: Duration = 10.0
    """Seconds without an answer after which the engine counts as unavailable."""
    stability: Fraction = 0.5
    """ElevenLabs voice setting, 0..1."""
    similarity: Fraction = 0.75
    """ElevenLabs voice setting, 0..1."""
    speed: Annotated[float, Range(0.7, 1.2)] = 1.0
    """ElevenLabs voice setting, 0.7..1.2."""
    output_format: str = ""
    """ElevenLabs: the audio it sends, such as `pcm_24000`."""
    optimize_streaming_latency: Annotated[int, Range(0, 4)] = 0
    """ElevenLabs: 0 (best sound) to 4 (soonest sound)."""
    transport: Literal["stream-input", "multi-context", "http"] = "stream-input"
    """ElevenLabs: a socket per reply, one socket with a context per reply, or a request per clause."""
    runtime: Literal["auto", "xllamacpp", "llama-cpp-python"] = "auto"
    """The llama.cpp binding to use (`llama-cpp` only)."""
    context_tokens: Annotated[int, Range(256)] = 4096
    """Context length in tokens (`llama-cpp` only)."""
    threads: int = 0
    """Processor threads of a local engine; 0 = chosen from the machine."""


@dataclass(frozen=True, slots=True)
class EnginesConfig:
    """Which engine does what: section `engines`."""

    stt: EngineList = ("auto",)
    """Speech recognisers in order of preference: `NAME`, `NAME:MODEL` or `NAME:PATH`."""
    llm: EngineList = ("auto",)
    """Language models in order of preference, written likewise."""
    tts: EngineList = ("auto",)
    """Speech synthesisers in order of preference, written likewise."""
    vad: Literal["silero", "energy", "webrtc"] = "silero"
    """Voice activity detection."""
    cloud: Cloud = "off"
    """Cloud engines whose key is set: never, before the local ones, or behind them."""
    fallback: bool = True
    """Whether the local default stands behind a cloud engine."""
    hedge: Literal["off", "free", "all"] = "free"
    """Which services a local engine starts beside when they are late: none, those that cost nothing, all."""
    hedge_after_ms: Annotated[int, Range(50)] = 700
    """How late a service has to be for that; longer where the local engine itself usually takes longer."""
    options: Mapping[str, EngineOptions] = field(default_factory=dict)
    """Sections `engines.NAME`, by name."""

    def of(self, name: str) -> EngineOptions:
        """The options of engine `name`, or the defaults."""
        return self.options.get(name, EngineOptions())


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Devices: section `audio`."""

    input: str = ""
    """Microphone: index or part of a device's name, a .wav file, `-`, `none`; empty = the default device."""
    output: str = ""
    """Loudspeaker, written likewise."""
    latency_ms: int = 40
    """Latency asked of the playback device; 40 ms gave no gaps under load (docs/decisions)."""
    block_ms: Annotated[int, Range(1, 100)] = 10
    """Length of the blocks exchanged with the device."""
    sample_rate: Annotated[int, Range(8000, 192_000, or_zero=True)] = 0
    """Rate of the playback device in Hz; 0 = the device's own."""
    echo: Literal["auto", "off"] = "auto"
    """Echo cancellation."""
    duplex: Literal["auto", "full", "guarded", "half"] = "auto"
    """Interrupting by voice: `full`, `guarded` (stricter), `half` (only by key), or as measured on these devices."""
    room: str = ""
    """Simulated path from output back into input, file devices only: `DELAY_MS,GAIN_DB[,RT60_MS]`."""


@dataclass(frozen=True, slots=True)
class VadConfig:
    """Voice activity: section `vad`. Probabilities are 0.02..1: below, every room is speech."""

    threshold: SpeechProbability = 0.5
    """Probability at which speech begins."""
    release: SpeechProbability = 0.35
    """Probability under which it ends."""
    runtime: Literal["onnx", "torch"] = "onnx"
    """What runs Silero: onnxruntime, or its own package (extra `torch`)."""
    min_speech_ms: int = 64
    """Shortest sound that counts as speech."""
    preroll_ms: Annotated[int, Range(0, 10_000)] = 300
    """Sound kept from before speech was noticed."""
    duck_threshold: SpeechProbability = 0.3
    """Probability at which a reply is lowered, before speech is certain."""


@dataclass(frozen=True, slots=True)
class TurnConfig:
    """Turn-taking: section `turn`."""

    patience: Literal["fast", "normal", "patient"] = "normal"
    """How long a pause may last before we answer: preset of the three waits below."""
    sure_ms: int = 0
    """Wait in ms after the end of speech when the thought is surely finished; 0 = from the preset."""
    silence_ms: int = 0
    """Wait in ms when nothing but silence speaks; 0 = from the preset."""
    limit_ms: int = 0
    """Longest wait in ms when the thought seems unfinished; 0 = from the preset."""
    max_turn_s: Annotated[float, Range(0.1, 3600)] = 60.0
    """Longest utterance; what follows opens another turn."""
    overlap: Literal["pause", "duck"] = "pause"
    """What a reply does while one speaks over it: stand still, or go on 20 dB lower."""
    overlap_decide_ms: int = 400
    """Time in which an overlap is judged an interruption or a false alarm."""
    stop_words: tuple[str, ...] = (BUILT_IN_WORDS,)
    """Words that cut a reply at once; `auto` stands for those of the language."""
    backchannels: tuple[str, ...] = (BUILT_IN_WORDS,)
    """Words that show attention and do not interrupt a reply; `auto` as above."""

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

    max_tokens: Count = 150
    """Length at which a reply is cut off."""
    temperature: Annotated[float, Range(0, 2)] = 0.7
    """Randomness of the words: 0 = always the likeliest."""
    top_p: Fraction = 0.9
    """Share of the likeliest words to choose from."""
    system_prompt: str = (
        "You are a friendly voice assistant. Your words are spoken aloud, so answer in one to three short sentences "
        "of plain text, without lists, markdown or emoji."
    )
    """What the model is told about its task."""
    prepare: bool = True
    """Whether a reply is prepared while we still wait for the end of the turn."""
    prepare_paid: bool = False
    """Whether that also goes for engines that cost money: what is thrown away is paid all the same."""
    filler_after_ms: int = 0
    """Say "let me think" when the reply takes longer than this; 0 = never."""
    silence_prompt_s: float = 0.0
    """Ask again after this much silence behind a question of ours; 0 = never."""


@dataclass(frozen=True, slots=True)
class SttConfig:
    """What is listened for: section `stt`. Which recogniser does it stands in `engines.stt`."""

    hotwords: tuple[str, ...] = ()
    """Names and rare words that a recogniser is to expect: Whisper's, and the services' that take them."""
    corrections: str = ""
    """A TOML file of words as they are heard and as they are meant: `"local voice" = "localvoice"`."""


@dataclass(frozen=True, slots=True)
class SpeechConfig:
    """The voice: section `speech`."""

    voice: str = ""
    """Voice of the synthesiser in use; empty = its default."""
    rate: Annotated[float, Range(0.25, 4)] = 1.0
    """Pace: 1 = the voice's own, 2 = twice as fast."""
    volume: Fraction = 1.0
    """Linear gain, 0..1."""
    pronunciation: str = ""
    """A TOML file of words and how to say them."""


@dataclass(frozen=True, slots=True)
class HistoryConfig:
    """What the model remembers: section `history`."""

    max_turns: Count = 20
    """Exchanges kept."""
    token_budget: Count = 2000
    """Tokens the kept exchanges may take in the model's context."""
    keep_interrupted: Literal["heard", "none"] = "heard"
    """What is kept of a reply that was cut: the part that was heard, or nothing."""


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The conversation as a whole: section `session`."""

    language: Language = "en"
    """Language of the conversation, as a code such as `en`."""
    greeting: str = "Hello, I am listening."
    """Spoken first on real devices; empty = none."""
    idle_timeout_s: float = 0.0
    """End the session after this much quiet; 0 = never."""
    save: str = ""
    """File that keeps the transcript; empty = nothing is stored."""
    budget_usd: float = 0.0
    """Most that paid engines may cost in a session; 0 = no limit."""
    latency_budget_ms: int = 800
    """End-to-end latency above which advice is given."""
    persona: str = ""
    """Name of a section `personas.NAME`; empty = none."""


@dataclass(frozen=True, slots=True)
class SkillsConfig:
    """Built-in skills: section `skills`."""

    fast_path: bool = True
    """Skills answer before the model when the whole utterance matches."""
    disabled: tuple[str, ...] = ()
    """Names of skills that are off."""


@dataclass(frozen=True, slots=True)
class Persona:
    """A character: section `personas.NAME`. It may hold any other section too, as a profile does."""

    name: str = ""
    """What the assistant calls itself; empty = the section's name."""
    voice: str = ""
    """Stands for `speech.voice`."""
    prompt: str = ""
    """Stands for `reply.system_prompt`."""
    rate: Annotated[float, Range(0.25, 4)] = 1.0
    """Stands for `speech.rate`."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set."""

    engines: EnginesConfig = EnginesConfig()
    audio: AudioConfig = AudioConfig()
    vad: VadConfig = VadConfig()
    turn: TurnConfig = TurnConfig()
    reply: ReplyConfig = ReplyConfig()
    stt: SttConfig = SttConfig()
    speech: SpeechConfig = SpeechConfig()
    history: HistoryConfig = HistoryConfig()
    session: SessionConfig = SessionConfig()
    skills: SkillsConfig = SkillsConfig()
    profiles: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Sections `profiles.NAME`: dotted key to value. The chosen one is already part of the settings above."""
    personas: Mapping[str, Persona] = field(default_factory=dict)
    """Sections `personas.NAME`. The one chosen by `session.persona` is already part of the settings above."""
