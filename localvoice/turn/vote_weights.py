"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.65, -0.09)
"""Slope and bias of the word model's log-odds."""

SOUND = (0.53, 0.09, -0.07)
"""Slopes of smart-turn's log-odds below and above even, and bias."""
