"""When the process began, on the monotonic clock: imported first, so that typed sessions count from the true start."""

import time

STARTED_S = time.monotonic()
