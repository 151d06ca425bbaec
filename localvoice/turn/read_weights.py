"""Weights of the turn reader's opinion on the words at a pause, written by scripts/calibrate_reader.py."""

READ = (0.3, 0.47, 1.25)
"""Slopes of the word model's log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = (0.7, 0.52, -0.26)
"""Slopes of what they come to and of the sound, and bias, where both vote."""
