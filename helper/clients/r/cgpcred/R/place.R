# Places on the web: scheme, host with port, and path, without a query.

# place_of returns the place that an absolute URL names. It fails if clients could read another host in it; the message
# does not quote the URL.
place_of <- function(url) {
  if (!is.character(url) || length(url) != 1L || is.na(url) || !matches("^[!-~]+\\z", url)) {
    stop("the URL has a space, a control character or a letter beyond ASCII", call. = FALSE)
  }
  parts <- regmatches(url, regexec("^([A-Za-z]+)://([^/?#]*)([^?#]*)", url, useBytes = TRUE))[[1L]]
  scheme <- lower(if (length(parts)) parts[[2L]] else "")
  host <- lower(if (length(parts)) parts[[3L]] else "")
  if (grepl("@", host, fixed = TRUE)) {
    stop("the URL has user information, which is not allowed", call. = FALSE)
  }
  if (!scheme %in% c("http", "https") || !matches("^([a-z0-9._-]+|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?\\z", host)) {
    stop("the URL's scheme and host can't be read", call. = FALSE)
  }
  place(scheme, host, if (nzchar(parts[[4L]])) parts[[4L]] else "/")
}

place <- function(scheme, host, path) {
  list(scheme = scheme, host = host, path = path, origin = paste0(scheme, "://", host))
}

matches <- function(pattern, text) grepl(pattern, text, perl = TRUE, useBytes = TRUE)

# lower does not depend on the locale: in a Turkish one "I" has another small letter.
lower <- function(text) chartr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", text)

# plain reports whether every client and server reads the same path in it. The rule is stricter than cgp-cred's own: no
# dot segments, with or without parameters, and no encoded character that servers decode in different ways. cgp-cred is
# asked about each path that is not plain.
plain <- function(path) {
  matches("^(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)+\\z", path) &&
    !matches("(?i)%(2[5ef]|3b|5c|7f|[018-9a-f])", path) &&
    !matches("/\\.+([/;%]|\\z)", path)
}

# loopback reports whether a host is on this machine: localhost, an address of 127.0.0.0/8 or [::1].
loopback <- function(host) matches("^(localhost|127(\\.[0-9]{1,3}){3}|\\[::1\\])(:[0-9]+)?\\z", host)

# resolved returns the URL that a Location header names, or nothing if it can't be read.
resolved <- function(location, from) {
  at <- place_of(from)
  url <- if (matches("^[A-Za-z][A-Za-z0-9+.-]*:", location)) {
    location
  } else if (startsWith(location, "//")) {
    paste0(at$scheme, ":", location)
  } else if (startsWith(location, "/")) {
    paste0(at$origin, location)
  } else if (startsWith(location, "?")) {
    paste0(at$origin, at$path, location)
  } else {
    paste0(at$origin, sub("[^/]*$", "", at$path), location)
  }
  if (tryCatch(is.list(place_of(url)), error = function(e) FALSE)) url else NULL
}

# proxy_in_the_way returns why a credential for a loopback place would leave this machine, or nothing. libcurl takes a
# proxy from the environment also for loopback hosts.
proxy_in_the_way <- function(at) {
  if (!loopback(at$host)) {
    return(NULL)
  }
  names <- c(paste0(at$scheme, "_proxy"), "all_proxy")
  if (!any(nzchar(Sys.getenv(c(names, toupper(names)))))) {
    return(NULL)
  }
  name <- gsub("[][]", "", sub(":[0-9]+$", "", at$host))
  for (direct in Sys.getenv(c("no_proxy", "NO_PROXY"))) {
    if (identical(direct, "*") || name %in% lower(trimws(strsplit(direct, ",", fixed = TRUE)[[1L]]))) {
      return(NULL)
    }
  }
  paste0(
    "a proxy is set for ", at$origin, ", and a credential for this machine goes to no proxy: nothing was sent\n",
    "hint: use no proxy for this machine: Sys.setenv(NO_PROXY = \"", name, "\")"
  )
}
