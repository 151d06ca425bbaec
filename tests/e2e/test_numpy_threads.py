"""What the program makes of numpy's own threads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import os, sys
leave = os._exit
def count(code):
    import numpy as np
    before = len(os.listdir("/proc/self/task"))
    os._exit = leave
    np.ones((512, 512), np.float32) @ np.ones((512, 512), np.float32)
    print(before, len(os.listdir("/proc/self/task")))
    sys.stdout.flush()
    leave(code)
os._exit = count
sys.argv = ["localvoice", "--version"]
from localvoice.__main__ import main
main()
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted through Linux' /proc")
def test_numpy_works_in_the_thread_that_asks_it():
    unset = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=unset, capture_output=True, text=True, check=True
    ).stdout
    assert said.split()[-2:] == ["1", "1"]
