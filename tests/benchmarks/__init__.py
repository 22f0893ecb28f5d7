"""Measurements, by hand. Each prints ratios taken in one run; none is a timed test."""
