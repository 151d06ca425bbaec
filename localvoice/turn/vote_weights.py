"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.71, 0.18)
"""Slope and bias of the word model's log-odds, where no sound votes."""

SOUND = (0.63, -0.2)
"""Slope and bias of smart-turn's log-odds, where no words vote."""

BOTH = (0.4, 0.57, -0.4)
"""Slopes of words and sound, and bias, where both vote."""

LOUDNESS = -0.22
"""Slope of how loud the last half second was, per dB, beside any other vote."""
