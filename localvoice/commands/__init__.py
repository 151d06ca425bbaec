"""The commands beside `talk`, one file per group."""
