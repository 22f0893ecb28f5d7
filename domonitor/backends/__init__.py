"""The download services: each translates its own world into the vocabulary of domonitor.jobs."""
