"""BITS, Windows' background transfers, as one of the services: over COM, and on Windows alone.

manager.BitsManager is the documented object model; backend.BitsBackend is what the monitor watches. Nothing that speaks
to Windows is imported before a backend is opened.
"""
