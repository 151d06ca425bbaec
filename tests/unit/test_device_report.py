"""How the test of a pair of devices is drawn."""

import numpy as np
import pytest

from localvoice.audio.echo_response import FLOOR_DB, STEP_MS, echo_response
from localvoice.audio.samples import SPEECH_RATE_HZ, Samples, silence
from localvoice.ui.device_report import echo_picture, meter


def noise(seconds: float) -> Samples:
    return np.random.default_rng(5).normal(0, 0.1, round(seconds * SPEECH_RATE_HZ)).astype(np.float32)


def delayed(sound: Samples, milliseconds: int, gain: float) -> Samples:
    late = milliseconds * SPEECH_RATE_HZ // 1000
    return np.concatenate((silence(late), sound * np.float32(gain)))[: len(sound)]


def test_the_loudest_step_of_a_path_is_its_delay_and_a_later_echo_is_as_much_lower_as_it_is():
    far = noise(6.0)
    response = echo_response(delayed(far, 62, 0.5) + delayed(far, 152, 0.05), far)
    assert int(np.argmax(response)) == 62 // STEP_MS
    assert response[152 // STEP_MS] == pytest.approx(-20.0, abs=1.5)
    assert response[250 // STEP_MS] < -30.0


def test_where_nothing_was_played_there_is_no_picture():
    assert echo_response(noise(3.0), silence(3 * SPEECH_RATE_HZ)) == ()
    assert echo_picture(()) == []


def test_the_picture_has_a_column_for_each_step_and_the_milliseconds_below():
    response = [FLOOR_DB] * 80
    response[12] = 0.0
    response[13] = FLOOR_DB / 2
    columns, ticks = echo_picture(response)
    assert columns == " " * 12 + "█▄"
    assert ticks == "0                   100                 200                 300 ms"


@pytest.mark.parametrize(
    ("dbfs", "bar"), [(-90.0, "··········"), (-60.0, "··········"), (-30.0, "█████·····"), (0.0, "██████████")]
)
def test_a_meter_is_full_at_full_scale_and_empty_at_minus_sixty(dbfs: float, bar: str):
    assert meter(dbfs) == bar


def test_a_meter_moves_in_eighths():
    assert meter(-57.0) == "▌·········"
