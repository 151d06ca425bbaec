"""Synthesisers, one engine per file; heavy imports inside the constructors."""
