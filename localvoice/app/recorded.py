"""What a recording says of the session besides its inputs: settings without secrets, rates, engines, machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from localvoice.app.listening import Ears
from localvoice.app.plan import Plan
from localvoice.audio.duplex import Rendering
from localvoice.audio.samples import SPEECH_RATE_HZ
from localvoice.config_sources import LoadedConfig
from localvoice.config_text import show_lines
from localvoice.loading import Loaded
from localvoice.machine import this_machine
from localvoice.secrets_store import ENV_FILE, read_env_file

_PACKAGES = (
    *("numpy", "onnxruntime", "faster-whisper", "ctranslate2", "pocketsphinx", "xllamacpp", "piper-tts"),
    *("livekit", "soxr", "soundfile", "sounddevice"),
)
"""Those whose version may change what is heard or said."""

_SECRET_NAMES = ("_API_KEY", "_SPEECH_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
_LEAST_KEY = 8
"""Characters; what is shorter is no key, and may be part of any word."""


def settings_text(loaded: LoadedConfig) -> str:
    """Every setting with its source; whatever is the value of a key of ours is blanked out, wherever it stands."""
    text = "\n".join(show_lines(loaded)) + "\n"
    for key in _keys():
        text = text.replace(key, "***")
    return text


def _keys() -> list[str]:
    """Longest first: one may be the beginning of another. Those in the keyring never come near the settings."""
    around = read_env_file(Path.cwd() / ENV_FILE) | dict(os.environ)
    values = {value.strip() for name, value in around.items() if name.endswith(_SECRET_NAMES)}
    return sorted((value for value in values if len(value) >= _LEAST_KEY), key=len, reverse=True)


def track_rates(planned: Plan, ears: Ears) -> dict[str, int]:
    """The tracks of this session and their rates in Hz: no microphone where one types, no player where none is."""
    rates = {} if planned.is_typed else {"mic": SPEECH_RATE_HZ, "clean": SPEECH_RATE_HZ}
    player = ears.duplex.player
    if player is not None and ears.far_end is not None:
        rates |= {"output": player.rate_hz} | ({} if planned.is_typed else {"reference": SPEECH_RATE_HZ})
    return rates


def about(planned: Plan, ears: Ears, engines: Mapping[str, Loaded]) -> dict[str, Any]:
    """`meta.json`, beyond format and version."""
    pair, machine = ears.choice.pair, this_machine()
    return {
        "recorded": datetime.now(UTC).isoformat(timespec="seconds"),
        "input": planned.input.label,
        "output": planned.output.label,
        "devices": None if pair is None else {"input": pair.input, "output": pair.output},
        "duplex": ears.choice.mode,
        "engines": {stage: loaded.name for stage, loaded in engines.items()},
        "tracks": track_rates(planned, ears),
        "starts_s": ears.duplex.now_s(),
        "reference_late_s": ears.far_end.delay_s if isinstance(ears.far_end, Rendering) else None,
        "echo_path": ears.echo_path is not None,
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "machine": {
            "system": f"{platform.system()} {platform.release()}",
            "processor": processor_name(),
            "cores": machine.usable_cores,
        },
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def processor_name() -> str:
    """Of this machine, as its maker calls it where the system tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
