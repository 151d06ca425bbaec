"""Who may interrupt by voice when a conversation begins: what the settings say, else what is known of the devices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localvoice.app import duplex_choice
from localvoice.app.duplex_choice import choose_duplex, stricter
from localvoice.app.known_pairs import DevicePair, Known, KnownPairs
from localvoice.app.plan import Plan
from localvoice.audio.device import DeviceInfo
from localvoice.audio.duplex_mode import BARS
from localvoice.audio.echo_path import open_echo_path
from localvoice.audio.opening import parse_end
from localvoice.config import AudioConfig, Config
from localvoice.typing_input import StandardInput

MICROPHONE = DeviceInfo(0, "Mic", "ALSA", 1, 0, 48_000, is_default_input=True)
LOUDSPEAKER = DeviceInfo(1, "Box", "ALSA", 0, 2, 48_000, is_default_output=True)
PAIR = DevicePair.of(MICROPHONE, LOUDSPEAKER, 0)


@pytest.fixture
def memory(tmp_path, monkeypatch: pytest.MonkeyPatch) -> KnownPairs:
    devices = {"input": MICROPHONE, "output": LOUDSPEAKER}
    monkeypatch.setattr(duplex_choice, "find_device", lambda _, kind: devices[kind])
    return KnownPairs(tmp_path / "devices.json")


def planned(heard: str = "", spoken: str = "", *, is_typed: bool = False) -> Plan:
    return Plan(parse_end(heard), parse_end(spoken), is_typed, StandardInput.NOTHING)


def settings(**audio: str) -> Config:
    return Config(audio=AudioConfig(**audio))


def test_devices_nobody_knows_are_full_and_may_be_judged(memory):
    choice = choose_duplex(settings(), planned(), memory, knows_far_end=True)
    assert (choice.mode, choice.pair, choice.warning, choice.is_deaf) == ("full", PAIR, None, False)
    assert choice.bars == BARS["full"]


@pytest.mark.parametrize("mode", ["guarded", "half"])
@pytest.mark.parametrize("source", ["test", "greeting"])
def test_what_is_remembered_is_begun_with_and_said(memory, mode, source):
    memory.keep(PAIR, Known(mode, source, "it echoes", "turn it down"))
    choice = choose_duplex(settings(), planned(), memory, knows_far_end=True)
    assert (choice.mode, choice.pair, choice.known.source) == (mode, PAIR, source)
    assert choice.bars == BARS[mode]
    code, message = choice.warning
    assert code == "duplex"
    assert "it echoes" in message
    assert "turn it down" in message
    assert not choice.is_deaf


def test_without_a_canceller_it_is_half_unless_a_test_found_no_echo(memory):
    choice = choose_duplex(settings(), planned(), memory, knows_far_end=False)
    assert (choice.mode, choice.is_deaf, choice.warning[0]) == ("half", True, "half_duplex")
    assert choice.pair is None
    memory.keep(PAIR, Known("full", "test", "headphones"))
    choice = choose_duplex(settings(), planned(), memory, knows_far_end=False)
    assert (choice.mode, choice.is_deaf, choice.warning) == ("full", False, None)


@pytest.mark.parametrize("mode", ["full", "guarded", "half"])
def test_the_settings_stand_over_what_is_remembered_and_over_the_greeting(memory, mode):
    memory.keep(PAIR, Known("half", "test", "it echoes"))
    choice = choose_duplex(settings(duplex=mode), planned(), memory, knows_far_end=True)
    assert (choice.mode, choice.pair, choice.warning) == (mode, None, None)
    assert choice.is_deaf is (mode == "half")


@pytest.mark.parametrize(
    "plan", [planned("in.wav", "out.wav"), planned("", "out.wav"), planned("in.wav", ""), planned("", "none")]
)
def test_where_no_microphone_hears_a_loudspeaker_it_is_full(memory, plan):
    memory.keep(PAIR, Known("half", "test", "it echoes"))
    assert choose_duplex(settings(), plan, memory, knows_far_end=False).mode == "full"


def test_who_switched_the_canceller_off_has_no_echo(memory):
    memory.keep(PAIR, Known("half", "test", "it echoes"))
    assert choose_duplex(settings(echo="off"), planned(), memory, knows_far_end=True).mode == "full"


def test_a_typed_conversation_does_not_listen(memory):
    choice = choose_duplex(settings(), planned(is_typed=True), memory, knows_far_end=False)
    assert (choice.mode, choice.is_deaf) == ("half", True)


def test_guarded_without_a_canceller_asks_for_a_surer_voice(memory):
    config = settings(duplex="guarded")
    choice = choose_duplex(config, planned("in.wav", "out.wav"), memory, knows_far_end=True)
    assert stricter(config, choice, None).vad.duck_threshold == BARS["guarded"].warm
    assert stricter(config, choice, open_echo_path(0.3)) == config
    assert stricter(config, replace(choice, mode="full"), None) == config
