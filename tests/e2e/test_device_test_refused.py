"""`devices --test` where there is nothing to test: one clear line, and nothing is left behind."""

from __future__ import annotations

import pytest


def test_without_a_sound_card(localvoice):
    localvoice.without_sound_card()
    assert "no sound device" in localvoice.refusal("devices", "--test", code=4)


@pytest.mark.parametrize("words", [("--json",), ("--test", "--input", "question.wav"), ("--test", "--output", "none")])
def test_what_is_no_test_of_devices(localvoice, words):
    localvoice.replace_module("sounddevice", _ONE_DEVICE)
    said = localvoice.refusal("devices", *words, code=2)
    assert "--" in said


_ONE_DEVICE = '''
"""A sounddevice with one device."""

class PortAudioError(Exception): ...
class _Default: device = (0, 0)
default = _Default()
def query_hostapis(): return ({"name": "Test"},)
def query_devices():
    names = ("max_input_channels", "max_output_channels", "hostapi")
    return ({"name": "Box", "default_samplerate": 48000.0} | dict(zip(names, (1, 1, 0))),)
'''
