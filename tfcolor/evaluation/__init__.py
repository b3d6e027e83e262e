"""Measures colorizers on photographs: candidates, scores, intervals, records and tables."""
