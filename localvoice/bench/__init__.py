"""A fixed dialogue through the real pipeline, measured."""
