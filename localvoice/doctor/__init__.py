"""`localvoice doctor`: what a conversation needs, looked at one by one, with what to do about it."""
