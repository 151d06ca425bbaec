"""Which device a flag means, and how the list reads."""

from __future__ import annotations

import pytest

from localvoice.audio.device import DeviceInfo, find_device
from localvoice.commands.devices import table_lines
from localvoice.errors import DeviceError, ExitCode

DEVICES = [
    DeviceInfo(0, "Microphone (USB Audio)", "MME", 1, 0, 44_100, is_default_input=True),
    DeviceInfo(1, "Speakers (Realtek)", "MME", 0, 2, 44_100, is_default_output=True),
    DeviceInfo(2, "Microphone (USB Audio)", "WASAPI", 2, 0, 48_000),
    DeviceInfo(3, "Headset", "MME", 1, 2, 16_000),
    DeviceInfo(4, "Headset microphone", "MME", 1, 0, 16_000),
    DeviceInfo(5, "Array", "WASAPI", 8, 0, 48_000),
    DeviceInfo(6, "HDMI 3", "MME", 0, 8, 48_000),
    DeviceInfo(7, "Zoe\u0308s Kopfho\u0308rer 🎧", "MME", 1, 0, 48_000),
]


@pytest.mark.parametrize(
    ("spec", "index"),
    [
        pytest.param("", 0, id="the default"),
        pytest.param("2", 2, id="an index"),
        pytest.param("array", 5, id="part of a name, in any case"),
        pytest.param("usb", 0, id="the default's host API before others"),
        pytest.param("headset", 3, id="a whole name before a part"),
        pytest.param(" headset mic ", 4, id="a longer part"),
        pytest.param("zoës kopfhörer", 7, id="accents, however they are written"),
        pytest.param("🎧", 7, id="a picture"),
    ],
)
def test_a_microphone_is_found_by(spec: str, index: int) -> None:
    assert find_device(spec, "input", DEVICES).index == index


def test_a_loudspeaker_is_looked_for_among_loudspeakers() -> None:
    assert find_device("", "output", DEVICES).index == 1
    assert find_device("head", "output", DEVICES).index == 3


@pytest.mark.parametrize("spec", ["nothing like it", "1", "99"])
def test_a_device_that_is_not_there_is_answered_with_three_that_are(spec: str) -> None:
    with pytest.raises(DeviceError) as caught:
        find_device(spec, "input", DEVICES)
    message = str(caught.value)
    assert f'there is no microphone "{spec}"' in message
    assert '"Microphone (USB Audio)" (0), "Microphone (USB Audio)" (2), "Headset" (3) and 3 more' in message
    assert "localvoice devices" in message
    assert caught.value.exit_code is ExitCode.DEVICE


def test_a_name_that_fits_several_is_answered_with_their_indices() -> None:
    with pytest.raises(DeviceError, match=r'"Microphone \(USB Audio\)" \(0\), "Headset microphone" \(4\): use'):
        find_device("microphone", "input", DEVICES)


def test_without_microphones_a_file_is_proposed() -> None:
    with pytest.raises(DeviceError, match=r"there is no microphone on this machine: .* `--input FILE.wav`"):
        find_device("", "input", [DEVICES[1]])


def test_without_a_default_an_index_is_asked_for() -> None:
    with pytest.raises(DeviceError, match=r"no default loudspeaker: use `--output N`"):
        find_device("", "output", [DEVICES[6]])


def test_the_table_lines_up_and_marks_the_defaults() -> None:
    assert table_lines(DEVICES[:2]) == [
        "   name                    host API  in  out      rate  default",
        "0  Microphone (USB Audio)  MME        1    0  44100 Hz  in",
        "1  Speakers (Realtek)      MME        0    2  44100 Hz  out",
    ]


def test_a_name_cannot_act_on_the_terminal() -> None:
    assert "Headset ]0;owned [2J" in table_lines([DeviceInfo(0, "Headset\x1b]0;owned\x9b[2J", "BT", 1, 0, 16_000)])[1]
