"""The self-test of the audio core as a check of `doctor`: may one talk over it on these devices?"""

from __future__ import annotations

from localvoice.app.known_pairs import known_pairs
from localvoice.app.testing_devices import run_device_test
from localvoice.audio.device import find_device
from localvoice.audio.opening import EndKind, parse_end
from localvoice.config import Config
from localvoice.doctor.examination import Check, Finding, advice, fine, skipped
from localvoice.errors import DeviceError, ExitCode
from localvoice.model_store.store import ModelStore
from localvoice.ui.device_report import ListeningBar


def echo_check(config: Config, store: ModelStore, *, may_sound: bool) -> Check:
    """Plays and records for 13 s, as `devices --test` does, and remembers the verdict; skipped without two devices."""

    async def examine() -> Finding:
        if not may_sound:
            return skipped("left out: `localvoice devices --test` plays and measures")
        try:
            ends = [parse_end(spec) for spec in (config.audio.input, config.audio.output)]
            if any(end.kind is not EndKind.DEVICE for end in ends):
                return skipped("it needs a microphone and a loudspeaker")
            find_device(ends[0].spec, "input")
            find_device(ends[1].spec, "output")
            with ListeningBar() as bar:
                tested = await run_device_test(config, store, known_pairs(), bar)
        except DeviceError as error:
            return skipped(f"not done: {error}")
        if isinstance(tested, ExitCode):
            raise KeyboardInterrupt
        verdict = tested.verdict
        if verdict.mode == "full":
            return fine(f"full: {verdict.why}")
        return advice(f"{verdict.mode}: {verdict.why}", verdict.advice or "use headphones")

    return Check("talking over me", examine)
