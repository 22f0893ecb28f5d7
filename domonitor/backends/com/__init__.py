"""Windows' component object model: the only place that knows comtypes. It knows no service."""

import sys

# comtypes initialises COM for the thread that imports it: as this says, in the multithreaded apartment.
sys.__dict__.setdefault("coinit_flags", 0)
