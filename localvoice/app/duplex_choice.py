"""Who may interrupt by voice when a conversation begins: what the settings say, else what is known of the devices."""

from __future__ import annotations

from dataclasses import dataclass, replace

from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.app.plan import Plan
from localvoice.audio.device import find_device
from localvoice.audio.duplex_mode import BARS, DuplexMode
from localvoice.audio.echo_path import EchoPath
from localvoice.audio.opening import EndKind
from localvoice.audio.own_voice import Bars
from localvoice.config import Config

_NO_CANCELLER = (
    "without compiled audio callbacks there is no echo canceller: your voice is not listened to while I speak, Enter "
    "interrupts; with headphones run `localvoice config set audio.duplex full`"
)

_MEANS: dict[DuplexMode, str] = {
    "full": "you may interrupt me by voice as usual",
    "guarded": "speak up to interrupt me",
    "half": "your voice is not listened to while I speak, Enter interrupts",
}


@dataclass(frozen=True, slots=True)
class DuplexChoice:
    """How a conversation begins."""

    mode: DuplexMode
    pair: DevicePair | None = None
    """The devices, where the greeting may find something else; None where the mode is fixed."""
    known: Known | None = None
    """What was remembered of them."""
    warning: tuple[str, str] | None = None
    """Code and message."""
    is_deaf: bool = False
    """Whether the microphone is not believed at all while we speak."""

    @property
    def bars(self) -> Bars:
        """What the user's voice has to reach while ours may be heard."""
        return BARS["full" if self.is_deaf else self.mode]


def choose_duplex(config: Config, plan: Plan, memory: KnownPairs, *, knows_far_end: bool) -> DuplexChoice:
    """What the settings say; with `auto` what is remembered of both devices, else full.

    `auto` is half for a microphone beside a loudspeaker of which nobody knows what it played, unless a test has found
    that it cannot be heard: the assistant would take its own voice for the user's. `audio.echo = "off"` says that
    there is no echo.
    """
    if plan.is_typed:
        return DuplexChoice("half", is_deaf=True)
    wanted = config.audio.duplex
    if wanted != "auto":
        return DuplexChoice(wanted, is_deaf=wanted == "half")
    can_echo = plan.has_device and plan.output.kind is EndKind.DEVICE and config.audio.echo == "auto"
    if not can_echo:
        return DuplexChoice("full")
    pair = device_pair(config, plan)
    known = memory.recall(pair)
    is_full = known is not None and known.mode == "full"
    if not knows_far_end and not is_full:
        return DuplexChoice("half", known=known, warning=("half_duplex", _NO_CANCELLER), is_deaf=True)
    if known is None or is_full:
        return DuplexChoice("full", pair if knows_far_end else None, known)
    return DuplexChoice(known.mode, pair, known, ("duplex", told(known.mode, known.why, known.advice)))


def stricter(config: Config, choice: DuplexChoice, path: EchoPath | None) -> Config:
    """`guarded` where nothing takes our voice out: a sound over any reply has to be a surer voice."""
    if choice.mode != "guarded" or path is not None:
        return config
    threshold = max(config.vad.duck_threshold, BARS["guarded"].warm)
    return replace(config, vad=replace(config.vad, duck_threshold=threshold))


def device_pair(config: Config, plan: Plan) -> DevicePair:
    """Both devices that are talked through. Raises `DeviceError` where one is not there."""
    microphone, loudspeaker = find_device(plan.input.spec, "input"), find_device(plan.output.spec, "output")
    return DevicePair.of(microphone, loudspeaker, config.audio.sample_rate)


def told(mode: DuplexMode, why: str, advice: str) -> str:
    """One line for a change of the mode."""
    means = _MEANS[mode] if mode == "full" else f"{_MEANS[mode]}; to change that {advice or 'use headphones'}"
    return f"{why}: {means}"
