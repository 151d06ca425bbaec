"""localvoice: a local-first desktop voice assistant. You talk, it answers, you may talk over it."""

__version__ = "0.1.0"
