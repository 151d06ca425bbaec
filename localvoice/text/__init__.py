"""Text on its way from a model to a voice, and back into memory."""
