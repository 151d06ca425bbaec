"""localvoice: a local-first desktop voice assistant. You talk, it answers, you may talk over it."""

import os

__version__ = "0.1.0"

# Before anything else is imported: onnxruntime (1.31) would keep a device id and a queue of events for its maker in the
# user's cache, and reads its switch when it is loaded. The other two are read by model hubs.
for _switch in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "1")
