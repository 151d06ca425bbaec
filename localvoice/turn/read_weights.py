"""Weights of a language model's opinion on the words at a pause, beside the votes of vote_weights.py."""

READ = (0.3, 0.5, 1.5)
"""Slopes of the words' log-odds and of a language model's that a sentence ends behind them, and bias."""

READ_BOTH = (0.9, 0.55, -0.2)
"""Slopes of those and of the sound, and bias, where both vote."""
