"""The last line of `doctor`."""

import pytest

from localvoice.doctor.examination import Finding, Outcome, Result, advice, fine
from localvoice.ui.doctor_report import DoctorReport, summary

FAILED = Finding(Outcome.FAILED, "the key is refused")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ({"python": fine("3.11")}, "Everything is as it should be."),
        ({"python": fine("3.11"), "stt": advice("slow", "a smaller model")}, "could be better: see stt."),
        ({"python": fine("3.11"), "service groq": FAILED}, "A conversation would start, without service groq."),
        ({"microphone": FAILED, "service groq": FAILED}, "would not start: see microphone, service groq."),
    ],
)
def test_only_what_a_conversation_needs_keeps_it_from_starting(findings: dict[str, Finding], said: str):
    assert summary([Result(name, finding, 1.0) for name, finding in findings.items()]).endswith(said)


def test_what_a_service_or_a_device_says_cannot_act_on_the_terminal(capsys: pytest.CaptureFixture[str]):
    DoctorReport().line(Result("service", advice("slow\x1b[2J", "wait\x9b5m"), 1.0))
    told = capsys.readouterr().out
    assert "slow [2J" in told
    assert "wait 5m" in told
