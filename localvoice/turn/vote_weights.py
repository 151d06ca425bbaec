"""Weights of the votes on a pause, written by `python -m scripts.calibrate_votes`: change that."""

WORDS = (0.67, 0.03)
"""Slope and bias of the word model's log-odds."""

SOUND = (0.24, 0.23, -0.32)
"""Slopes of smart-turn's log-odds below and above even, and bias."""
