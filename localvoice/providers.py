"""Services that do an engine's work: where they are, what they call their models, and how they differ.

Rule of this file: data only; what may stand in a row is in `provider_row.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localvoice.provider_row import ChatDifferences, HotwordField, Price, Provider

_NO_SAMPLING: Mapping[str, Any] = {"temperature": None, "top_p": None}
_OPENAI_THINKERS = {
    "gpt-5": {**_NO_SAMPLING, "reasoning_effort": "minimal"},
    "o1": _NO_SAMPLING,
    "o3": {**_NO_SAMPLING, "reasoning_effort": "low"},
    "o4": {**_NO_SAMPLING, "reasoning_effort": "low"},
}
"""Models that think first refuse sampling parameters; the least thinking answers soonest."""
_WHISPER_PROMPT = HotwordField("prompt", characters=200)
"""Half of a prompt's 224 tokens: the last reply stands behind them."""
_OPENAI = {"stt": "openai_compatible", "llm": "openai_compatible", "tts": "openai_speech"}
"""The modules that speak OpenAI's protocols."""
_GROQ_THINKERS: Mapping[str, Mapping[str, Any]] = {
    "openai/gpt-oss": {"reasoning_effort": "low", "include_reasoning": False},
    "qwen/": {"reasoning_effort": "none"},
}

_SARVAM_VOICES = (  # of bulbul:v3
    "shubh|aditya|ritu|priya|neha|rahul|pooja|rohan|simran|kavya|amit|ishita|shreya|ratan|varun|manan|sumit|roopa|kabir|"
    "aayan|ashutosh|advait|anand|tanya|tarun|sunny|mani|gokul|vijay|shruti|suhani|mohit|kavitha|rehan|soham|rupali"
)
_ANTHROPIC_THINKERS: Mapping[str, Mapping[str, Any]] = {
    beginning: {"thinking": {"type": "disabled"}} for beginning in ("claude-haiku", "claude-sonnet", "claude-opus")
}
"""What happens where nothing is said about thinking depends on the model; the others decide for themselves."""

PROVIDERS: Mapping[str, Provider] = {
    one.name: one
    for one in (
        Provider(
            "groq",
            "https://api.groq.com",
            key="GROQ_API_KEY",
            path="/openai/v1",
            always_adds_path=True,
            models={"stt": "whisper-large-v3-turbo", "llm": "llama-3.3-70b-versatile"},
            modules=_OPENAI,
            hotwords=_WHISPER_PROMPT,
            chat=ChatDifferences("max_completion_tokens", asks_for_usage=False, by_model=_GROQ_THINKERS),
            prices={
                "whisper-large-v3-turbo": Price(hour=0.04, least_s=10.0),
                "whisper-large-v3": Price(hour=0.111, least_s=10.0),
                "llama-3.3-70b": Price(prompt=0.59, completion=0.79),
                "llama-3.1-8b": Price(prompt=0.05, completion=0.08),
                "openai/gpt-oss-120b": Price(prompt=0.15, completion=0.60),
                "openai/gpt-oss-20b": Price(prompt=0.075, completion=0.30),
            },
        ),
        Provider(
            "openai",
            "https://api.openai.com/v1",
            key="OPENAI_API_KEY",
            models={"stt": "gpt-4o-mini-transcribe", "llm": "gpt-4o-mini", "tts": "gpt-4o-mini-tts"},
            modules=_OPENAI,
            voice="alloy",
            hotwords=_WHISPER_PROMPT,
            voices="alloy|ash|ballad|coral|echo|fable|onyx|nova|sage|shimmer|verse|marin|cedar",
            chat=ChatDifferences("max_completion_tokens", by_model=_OPENAI_THINKERS),
            prices={
                "gpt-4o-mini-transcribe": Price(hour=0.18),
                "gpt-4o-transcribe": Price(hour=0.36),
                "whisper-1": Price(hour=0.36),
                "gpt-4o-mini-tts": Price(characters=15.0),
                "tts-1": Price(characters=15.0),
                "gpt-4o-mini": Price(prompt=0.15, cached=0.075, completion=0.60),
                "gpt-4o": Price(prompt=2.50, cached=1.25, completion=10.0),
                "gpt-4.1-nano": Price(prompt=0.10, cached=0.025, completion=0.40),
                "gpt-4.1-mini": Price(prompt=0.40, cached=0.10, completion=1.60),
            },
        ),
        Provider(
            "cerebras",
            "https://api.cerebras.ai/v1",
            key="CEREBRAS_API_KEY",
            models={"llm": "llama-3.3-70b"},
            modules=_OPENAI,
            chat=ChatDifferences("max_completion_tokens", asks_for_usage=False),
        ),
        Provider(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            key="GEMINI_API_KEY",
            path="/v1beta/openai",
            models={"llm": "gemini-2.5-flash"},
            modules=_OPENAI,
            chat=ChatDifferences(by_model={"gemini-2.5-flash": {"reasoning_effort": "none"}}),
        ),
        Provider("ollama", "http://127.0.0.1:11434/v1", models={"llm": ""}, modules=_OPENAI),
        Provider("lm-studio", "http://127.0.0.1:1234/v1", models={"llm": ""}, modules=_OPENAI),
        Provider("llama-server", "http://127.0.0.1:8080/v1", models={"llm": ""}, modules=_OPENAI),
        Provider("vllm", "http://127.0.0.1:8000/v1", models={"llm": ""}, modules=_OPENAI),
        Provider("openai-compatible", "", models={"llm": ""}, modules=_OPENAI),
        Provider(
            "elevenlabs",
            "https://api.elevenlabs.io",
            key="ELEVENLABS_API_KEY",
            path="",
            models={"stt": "scribe_v2_realtime", "tts": "eleven_flash_v2_5"},
            hotwords=HotwordField("keyterms", most=50, longest=20),
            voice="21m00Tcm4TlvDq8ikWAM",
            voices="[A-Za-z0-9]{20}",
            prices={
                "eleven_flash": Price(characters=50.0),
                "eleven_multilingual": Price(characters=100.0),
                "scribe": Price(hour=0.39),
            },
        ),
        Provider(
            "anthropic",
            "https://api.anthropic.com",
            key="ANTHROPIC_API_KEY",
            path="",
            models={"llm": "claude-haiku-4-5"},
            chat=ChatDifferences(by_model=_ANTHROPIC_THINKERS),
            prices={
                "claude-haiku-4-5": Price(prompt=1.0, cached=0.10, completion=5.0),
                "claude-sonnet-4": Price(prompt=3.0, cached=0.30, completion=15.0),
                "claude-opus-4-5": Price(prompt=5.0, cached=0.50, completion=25.0),
            },
        ),
        Provider(
            "deepgram",
            "https://api.deepgram.com",
            key="DEEPGRAM_API_KEY",
            path="",
            models={"stt": "nova-3", "tts": "aura-2-thalia-en"},
            hotwords=HotwordField("keyterm", models="nova-3|flux"),
            voices=r"aura-\S+",
            prices={
                "nova-3": Price(hour=0.46),
                "flux": Price(hour=0.46),
                "aura-2": Price(characters=30.0),
                "aura": Price(characters=15.0),
            },
        ),
        Provider(
            "cartesia",
            "https://api.cartesia.ai",
            key="CARTESIA_API_KEY",
            path="",
            models={"stt": "ink-whisper", "tts": "sonic-3"},
            hotwords=HotwordField("keyterm"),
            voice="f786b574-daa5-4673-aa0c-cbe3e8534c02",
            voices="[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            prices={"sonic": Price(characters=50.0), "ink-": Price(hour=0.13)},
        ),
        Provider(
            "assemblyai",
            "https://streaming.assemblyai.com",
            key="ASSEMBLYAI_API_KEY",
            path="",
            models={"stt": "universal-streaming-english"},
            hotwords=HotwordField("keyterms_prompt", is_json=True),
            prices={"universal-streaming": Price(hour=0.15)},
        ),
        Provider(
            "sarvam",
            "https://api.sarvam.ai",
            key="SARVAM_API_KEY",
            path="",
            models={"stt": "saaras:v3-realtime", "tts": "bulbul:v3"},
            voice="shubh",
            voices=_SARVAM_VOICES,
            prices={
                "bulbul:v3": Price(characters=36.0),
                "bulbul:v2": Price(characters=18.0),
                "saaras": Price(hour=0.35),
            },
        ),
        Provider(
            "google",
            "https://texttospeech.googleapis.com",
            key="GOOGLE_API_KEY",
            path="",
            models={"tts": "neural2"},
            voice="en-US-Neural2-F",
            voices=r"[a-z]{2,3}-[A-Z]{2}-(Standard|Wavenet|Neural2|Chirp\S*|Studio|News|Casual|Polyglot)\S*",
            prices={"neural2": Price(characters=16.0)},
        ),
        Provider(
            "azure",
            "https://{region}.{stage}.speech.microsoft.com",
            key="AZURE_SPEECH_KEY",
            path="",
            models={"stt": "conversation", "tts": "neural"},
            voice="en-US-AvaMultilingualNeural",
            voices=r"[a-z]{2,3}-\S+Neural",
            prices={"neural": Price(characters=16.0), "conversation": Price(hour=1.0)},
        ),
    )
}
"""By name. Model names and differences: vendors' documentation and SDKs as of November 2026. Prices: Groq's recognisers
by its "Speech to Text" page, OpenAI's, Groq's and ElevenLabs' by public pages as quoted by third parties (July 2026).
The others were not looked up anywhere and say no more than the order of magnitude."""

PREFERRED: Mapping[str, tuple[str, ...]] = {
    "stt": ("groq", "openai"),
    "llm": ("groq", "openai"),
    "tts": ("elevenlabs", "openai"),
}
"""What `--cloud` takes for a stage: the first whose key is set."""


def has_voice(name: str, voice: str) -> bool:
    """Whether `voice` is a name of a voice as provider `name` has them."""
    return re.fullmatch(PROVIDERS[name].voices, voice) is not None


def known_voices(name: str) -> tuple[str, ...]:
    """The voices of provider `name`, where its row names them all."""
    names = tuple(PROVIDERS[name].voices.split("|"))
    return names if all(one.isalnum() for one in names) else ()


def is_cloud_voice(voice: str) -> bool:
    """Whether `voice` is one of some provider's."""
    return any(has_voice(name, voice) for name in PROVIDERS)


def serves(name: str, stage: str) -> bool:
    """Whether `name` is a service that this version can use for `stage`."""
    return name in PROVIDERS and stage in PROVIDERS[name].models
