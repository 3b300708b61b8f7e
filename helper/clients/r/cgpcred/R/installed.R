# Written by cgp-cred clients install r.
PROGRAM <- ""
VERSION <- "0.0.0"
