"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.81, 0.02)
"""Slope and bias of the word model's log-odds, where no sound votes."""

SOUND = (0.52, -0.24)
"""Slope and bias of what smart-turn hears, as log-odds, where no words vote."""

BOTH = (0.36, 0.59, -0.42)
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = -0.26
"""Slope of how loud the last half second was, per dB, beside any other vote."""
