"""The composition root: the only place that knows engines, devices and session together."""
