"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.64, 0.07)
"""Slope and bias of the word model's log-odds, where no sound votes."""

SOUND = (0.65, -0.25)
"""Slope and bias of smart-turn's log-odds, where no words vote."""

BOTH = (0.38, 0.59, -0.37)
"""Slopes of words and sound, and bias, where both vote."""
