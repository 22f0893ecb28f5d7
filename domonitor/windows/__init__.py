"""What the installer of the Windows program asks of it: to make way for a newer one, and a place in PATH."""
