"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.81, 0.02)
"""Slope and bias of the word model's log-odds, where no sound votes."""

BOTH = (0.45, 0.85, -0.2)
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = -0.15
"""Slope of how loud the last half second was, per dB, beside any other vote."""

SURENESS = 0.68
"""By which slopes that were fitted beside smart-turn's own answer were multiplied."""
