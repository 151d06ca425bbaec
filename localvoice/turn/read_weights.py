"""Weights of the turn reader beside the other votes, written by scripts/calibrate_reader.py."""

READ = (0.3, 0.4, 1.36)
"""Slopes of the word model's log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = (0.5, 0.95, -0.1)
"""Slopes of what they come to and of the sound, and bias, where both vote."""
