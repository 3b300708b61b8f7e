"""Its own path and version, which ``cgp-cred clients install python`` writes here."""

PROGRAM = ""  # absolute path of cgp-cred; empty: it is looked for on PATH
VERSION = "0.0.0"
