"""What a shell completes, asked as bash asks."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("localvoice pers", {"persona"}),
        ("localvoice persona n", {"new"}),
        ("localvoice talk --patience f", {"fast"}),
        ("localvoice talk --stt poc", {"pocketsphinx"}),
        ("localvoice talk --llm groq,llama-c", {"groq,llama-cpp"}),
        ("localvoice talk --persona tu", {"tutor"}),
        ("localvoice talk --voice en_US-norm", {"en_US-norman-medium"}),
        ("localvoice --stt poc", {"pocketsphinx"}),
        ("localvoice\n--patience\nf", {"fast"}),
        ("localvoice --offline --persona tu", {"tutor"}),
        ("localvoice --pers", {"--persona"}),
        ("localvoice models download base", {"base.en"}),
        ("localvoice talk --stt no-such", set()),
    ],
)
def test_bash_is_offered_what_fits(typed: str, offered: set[str]):
    asked = {"_LOCALVOICE_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    command = (sys.executable, "-m", "localvoice")
    answer = subprocess.run(command, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert set(answer.stdout.split()) == offered
    assert answer.stderr == ""
