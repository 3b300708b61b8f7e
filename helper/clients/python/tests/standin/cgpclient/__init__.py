"""Stands for NHS-NGS/cgpclient in tests: the same names, over plain http."""
