"""Weights of the turn reader beside the other votes, written by scripts/calibrate_reader.py."""

READ = (0.3, 0.68, 1.83)
"""Slopes of the word model's log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = (0.71, 0.83, -0.06)
"""Slopes of what they come to and of the sound, and bias, where both vote."""
