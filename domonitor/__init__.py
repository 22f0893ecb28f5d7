"""domonitor: one window on the download jobs of every service."""

__version__ = "0.1.0"
