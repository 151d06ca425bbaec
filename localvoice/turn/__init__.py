"""Decisions about turns: pure code without clock, thread, loop or device."""
