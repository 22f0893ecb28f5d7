"""The window. The only folder with Qt beside app.py."""
