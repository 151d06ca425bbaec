"""Download models: the same code as `localvoice models download`, for use before the program is on the path."""

from __future__ import annotations

import sys

from localvoice.commands.models import app
from localvoice.errors import LocalVoiceError

if __name__ == "__main__":
    try:
        app(["download", *sys.argv[1:]], prog_name="localvoice models")
    except LocalVoiceError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
