"""Sound: devices, files, clocks, playback and voice activity."""
