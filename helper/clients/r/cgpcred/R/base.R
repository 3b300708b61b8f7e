# Base R: download.file(url, file, method = "libcurl", headers = cgp_headers(url, "int")).

cgp_headers <- function(url, profile = NULL) {
  header <- header_for(url, checked_profile(profile))
  if (!nzchar(header$name)) {
    return(structure(character(), names = character()))
  }
  version <- sub("[^0-9.].*", "", libcurlVersion())
  if (!nzchar(token(header)) || !whole_host(header) || numeric_version(version) < "7.83.0") {
    what <- if (nzchar(token(header))) "the token of a profile with --api-name, or an old libcurl," else "an API key"
    fail(paste0(
      "R's own functions follow redirects, and would send ", what, " to a place that the profile does not cover\n",
      "hint: use cgp_fetch(url, path = FILE), which needs the package curl"
    ), 2L)
  }
  structure(header$value, names = header$name, class = "cgp_headers")
}

# The value is for download.file and url; it is not printed.
format.cgp_headers <- function(x, ...) paste0(names(x), ": [redacted]")
print.cgp_headers <- function(x, ...) {
  cat(format(x), sep = "\n")
  invisible(x)
}
str.cgp_headers <- function(object, ...) cat("", format(object), "\n")
