"""Who may interrupt by voice on a pair of devices, and what makes the difference: from figures to `full` or less.

Rule of this file: figures in, words out; it measures nothing (self_test.py does) and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from localvoice.audio.own_voice import Bars
from localvoice.audio.self_test import PathReport
from localvoice.audio.vad import WINDOW_S

DuplexMode = Literal["full", "guarded", "half"]

MODES: tuple[DuplexMode, ...] = get_args(DuplexMode)

BARS: Mapping[DuplexMode, Bars] = {
    "full": Bars(),
    "guarded": Bars(warm=0.8, cold=0.9),
    "half": Bars(warm=2.0, cold=2.0),
}
"""From where a voice counts as the user's while ours may be heard. `guarded`: docs/decisions/018; `half`: above every
probability."""

_CLIPPED_FROM = 10
"""Samples cut off in a test: one flattened peak. Detection falls to 79 % where 12 dB are cut off (audio.md 6)."""

_ATTENUATION_DB = 20.0
"""From here on rooms had 0 to 2 false alarms a minute, with 13 dB 1 to 4 (audio.md 8)."""

_LEFT_DB = 6.0
"""What is left counts only where it stands out of the noise by so much (audio.md 8)."""

_LATEST_MS = 450.0
"""Longest path that the canceller finds (audio.md 3)."""

_INTERRUPTS_S = 0.25
"""Voice above the bar from which a sound counts as an interruption even where its words cannot be read (overlap.py)."""

_WORD_S = 0.12
"""Longest sound above the bar that is no word: a click (overlap.py)."""

_PAUSES = 2
"""False pauses in the test's seven warm seconds that can be borne in `guarded`: 17 a minute."""

_HANGOVER_WINDOWS = 3
"""Windows below the bar that end a sound (speech_gate.py)."""

_STRANGERS = 4
"""Windows of somebody else's voice from which a measurement is worth nothing: 0.13 s."""

_GREETING_S = 0.7
"""Own speech from which a greeting can be judged; "Hello, I am listening." holds 1.1 s and more."""

_GREETING_ATTENUATION_DB = 10.0
"""Of a canceller that has had a second: AEC3 gave 19 dB in the worst of 30 rooms (audio.md 6)."""

_LOUD_DBFS, _QUIET_DBFS = -20.0, -40.0
"""Between them our voice should be at the microphone (audio.md 8)."""

_NOISY_DBFS = -45.0
"""Noise in which the level of an echo that should be there (-40 dBFS) is hardly found."""

_DRIFT_PPM = 150.0
"""From here on AEC3 loses 10 dB of its attenuation (audio.md 6)."""

HEADPHONES = "use headphones"

_INTERRUPTS = "what is left of my voice sounds like yours: I would interrupt myself"
_STUMBLES = "close other programs, or raise audio.latency_ms, and test again"
_TOO_LOUD = "my voice is too loud for your microphone, which cuts off its peaks"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a measurement; `why` and `advice` are one line each for people."""

    mode: DuplexMode
    why: str
    advice: str = ""
    """What could be done; empty where nothing has to be."""
    is_sure: bool = True
    """Whether it says something about the devices: False where it was disturbed, or nothing could be heard."""


def judge(report: PathReport, *, cancels: bool = True) -> Verdict:
    """The mode after a full test (10 s of own speech). `cancels`: what was played is known, and taken out."""
    if report.is_deaf:
        unmute = "unmute it, or allow this program to use it (privacy settings of the system), and test again"
        return Verdict("full", "the microphone gives digital silence: it may be muted", unmute, is_sure=False)
    if _is_disturbed(report):
        if report.delay.slips:
            return Verdict("guarded", "the sound stumbled during the test", _STUMBLES, is_sure=False)
        again = "test again when nobody speaks and no music plays"
        return Verdict("guarded", "somebody else was heard during the test", again, is_sure=False)
    if not report.has_echo and not report.clipped:
        return Verdict("full", "my voice does not reach your microphone, as with headphones")
    if not cancels:
        return Verdict("half", "my voice reaches your microphone and cannot be taken out", HEADPHONES)
    return _judge_echo(report)


def _judge_echo(report: PathReport) -> Verdict:
    if _is_far_off(report):
        return _far_off(report)
    bar = BARS["guarded"].warm
    if longest_s(report.voices, bar) >= _INTERRUPTS_S or pauses(report.voices, bar) > _PAUSES:
        return Verdict("half", _INTERRUPTS, _advice(report))
    if report.clipped >= _CLIPPED_FROM:
        return Verdict("guarded", _TOO_LOUD, _advice(report))
    taken = pauses(report.voices, BARS["full"].warm)
    if taken:
        times = "once" if taken == 1 else f"{taken} times"
        return Verdict("guarded", f"what is left of my voice was taken for yours {times}", _advice(report))
    if _is_left(report, _ATTENUATION_DB, _LEFT_DB):
        return Verdict("guarded", f"too much of my voice is left: {_left(report)}", _advice(report))
    return Verdict("full", f"my voice is taken out: {_left(report)}", _hint(report))


def judge_greeting(report: PathReport) -> Verdict | None:
    """The mode after the greeting, with a canceller that has just begun; None where it says nothing."""
    stumbled = report.delay.slips > 0
    if report.is_deaf or report.own_speech_s < _GREETING_S or stumbled or _is_disturbed(report):
        return None
    if _is_far_off(report):
        return _far_off(report)
    return _judge_cold(report, (*report.cold_voices, *report.voices))


def _judge_cold(report: PathReport, voices: Sequence[float]) -> Verdict:
    doubt, hope = BARS["full"].cold, BARS["guarded"].cold
    if longest_s(voices, hope) >= _INTERRUPTS_S:
        return Verdict("half", _INTERRUPTS, _advice(report))
    if report.clipped >= _CLIPPED_FROM:
        return Verdict("guarded", _TOO_LOUD, _advice(report))
    if longest_s(voices, doubt) > _WORD_S:
        return Verdict("guarded", "what is left of my voice sounded like yours", _advice(report))
    if _is_left(report, _GREETING_ATTENUATION_DB, _GREETING_ATTENUATION_DB):
        return Verdict("guarded", f"too much of my voice is left: {_left(report)}", _advice(report))
    return Verdict("full", f"my voice is taken out: {_left(report)}")


def longest_s(voices: Sequence[float], bar: float) -> float:
    """The longest run of windows at or above `bar`."""
    longest = run = 0
    for voice in voices:
        run = run + 1 if voice >= bar else 0
        longest = max(longest, run)
    return longest * WINDOW_S


def pauses(voices: Sequence[float], bar: float) -> int:
    """How often `bar` would have made a reply pause: sounds above it, each ended by 0.1 s below."""
    count, below = 0, _HANGOVER_WINDOWS
    for voice in voices:
        if voice < bar:
            below += 1
            continue
        count += below >= _HANGOVER_WINDOWS
        below = 0
    return count


def _is_disturbed(report: PathReport) -> bool:
    """Whether somebody else was heard; what is cut off, or comes when nobody expects it, is no proof of that."""
    is_ours = _is_far_off(report) or report.clipped >= _CLIPPED_FROM
    return report.strangers >= _STRANGERS and not is_ours


def _is_far_off(report: PathReport) -> bool:
    delay_ms = report.delay.delay_ms
    return delay_ms is not None and not 0.0 <= delay_ms <= _LATEST_MS


def _far_off(report: PathReport) -> Verdict:
    delay_ms = report.delay.delay_ms or 0.0
    if delay_ms < 0.0:
        return Verdict("half", f"my voice is heard {-delay_ms:.0f} ms before it is known to be played", HEADPHONES)
    late = f"my voice comes back after {delay_ms:.0f} ms, too late to be taken out"
    return Verdict("half", late, "use a loudspeaker with a cable, or headphones")


def _is_left(report: PathReport, attenuation_db: float, left_db: float) -> bool:
    attenuated, left = report.attenuation_db, report.left_over_noise_db
    return attenuated is not None and left is not None and attenuated < attenuation_db and left > left_db


def _left(report: PathReport) -> str:
    if report.attenuation_db is None or report.left_over_noise_db is None:
        return "there is no echo canceller"
    if report.left_over_noise_db <= _LEFT_DB:
        return "what is left of it is as quiet as the room"
    return f"{report.attenuation_db:.0f} dB quieter, {report.left_over_noise_db:.0f} dB over the noise of the room"


def _advice(report: PathReport) -> str:
    """The one thing that is most likely to help."""
    if report.clipped >= _CLIPPED_FROM:
        return "turn the loudspeaker, or the microphone's gain, down and test again"
    if report.delay.slips:
        return _STUMBLES
    if report.heard_dbfs > _LOUD_DBFS:
        down_db = report.heard_dbfs - _LOUD_DBFS
        return f"turn the loudspeaker down by {max(3.0, down_db):.0f} dB, or move it away from the microphone"
    if report.noise_dbfs > _NOISY_DBFS:
        return "use another microphone, or a quieter place: noise hides your voice"
    if report.delay.drift_ppm is not None and abs(report.delay.drift_ppm) > _DRIFT_PPM:
        return "use a microphone and a loudspeaker of one device: these two do not keep the same time"
    return f"turn the loudspeaker down a little, or {HEADPHONES}"


def _hint(report: PathReport) -> str:
    """What could be better where all is well."""
    if report.noise_dbfs > _NOISY_DBFS:
        return "another microphone, or a quieter place, would hear you better"
    if report.heard_dbfs > _LOUD_DBFS:
        return "I am loud at your microphone: a little less volume makes you easier to hear"
    if report.heard_dbfs < _QUIET_DBFS and report.heard_dbfs < report.noise_dbfs + 10.0:
        return "I am hardly louder than the room: you may turn the loudspeaker up"
    return ""
