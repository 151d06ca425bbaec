"""Recorded sessions decided, heard and shown again."""
