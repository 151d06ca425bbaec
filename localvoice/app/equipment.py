"""Engines that came up, put to work: behind each other by preference, counted, and closed at the end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from localvoice.app.listening import Ears
from localvoice.app.prepared_phrases import speak_beforehand
from localvoice.app.turn_detection import TurnModels
from localvoice.audio.backchannel import load_sound_judge
from localvoice.config import Config
from localvoice.fallback import FallbackChatModel, FallbackRecognizer, FallbackSynthesizer
from localvoice.hedging import hedged
from localvoice.loading import Loaded, paid_of
from localvoice.messages import SpeechChunk
from localvoice.prices import CostMeter
from localvoice.ranks import Told
from localvoice.session.hand import Equipment
from localvoice.session.phrases import phrases_for
from localvoice.text.corrections import corrections_of


def close_with(stack: ExitStack, engines: Mapping[str, Loaded], turn_models: TurnModels) -> None:
    """The stack frees the models."""
    for loaded in engines.values():
        for engine in loaded.engines:
            stack.callback(engine.close)
    stack.callback(turn_models.close)


async def phrases_of(config: Config, engines: Mapping[str, Loaded]) -> dict[str, SpeechChunk]:
    """What is said when an engine fails, spoken now."""
    tts = engines.get("tts")
    return await speak_beforehand(phrases_for(config.reply), tts.local, paid_of(engines)) if tts else {}


def equipment_of(
    config: Config, engines: Mapping[str, Loaded], ears: Ears, turn_models: TurnModels, told: Told
) -> Equipment:
    """What a session talks with. `told` who takes over from whom: at once where an engine did not come up."""
    for loaded in engines.values():
        for name, error in loaded.skipped:
            told(loaded.stage, name, loaded.name, str(error))
    stt, tts, player = engines.get("stt"), engines.get("tts"), ears.duplex.player
    meter = CostMeter(config.session.budget_usd)

    def engines_of(loaded: Loaded) -> tuple[Any, ...]:
        return hedged(loaded.stage, loaded.engines, config.engines, told)

    speakers = engines_of(tts) if tts and player else ()
    return Equipment(
        recognizer=FallbackRecognizer(engines_of(stt), told, stt.unreachable, meter, corrections_of(config.stt))
        if stt
        else None,
        chat=FallbackChatModel(engines_of(engines["llm"]), told, engines["llm"].unreachable, meter),
        synthesizer=FallbackSynthesizer(speakers, told, tts.unreachable, meter) if tts and speakers else None,
        player=player,
        utterances=ears.utterances,
        now_s=ears.duplex.now_s,
        paid=set(paid_of(engines)),
        cost_usd=meter.since_last,
        turn_detector=turn_models.detector,
        turn_reader=turn_models.reader,
        sound_judge=load_sound_judge(config.session.language) if stt else None,
        second_ear=ears.second_ear,
    )
