"""One conversation: its inbox, the turn in hand, what is said and remembered, and how it ends."""
