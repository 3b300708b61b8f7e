"""What ``cgp-cred clients install python`` writes here: where it is, and its version."""

PROGRAM = ""  # absolute path of cgp-cred; empty: it is looked for on PATH
VERSION = "0.0.0"
