"""The vocabulary of download jobs: plain values from the standard library, without Qt and without I/O."""
