# Prints R's version, its program, and the library that packages go into: the conda environment's, otherwise the user's.
# A first word tells them from what a site's start-up files print.
conda <- dir.exists(file.path(dirname(dirname(R.home())), "conda-meta"))
user <- setdiff(strsplit(Sys.getenv("R_LIBS_USER"), .Platform$path.sep, fixed = TRUE)[[1]], c("", "NULL"))
library <- if (conda) .Library else if (length(user)) path.expand(user[1]) else ""
program <- file.path(R.home("bin"), if (.Platform$OS.type == "windows") "R.exe" else "R")
writeLines(c("cgp-cred", paste(R.version$major, R.version$minor, sep = "."), program, library))
