# A header, how long it is valid, and for which URLs.

# In seconds: how long before its expiry a token is no longer used; how long a header without an expiry is kept; how
# long a new header that was refused too is not replaced again.
MARGIN <- 60
KEEP <- 300
FINAL <- 60

now <- function() as.numeric(Sys.time())

# covers reports whether a header may be sent to a place.
covers <- function(header, at) {
  if (at$origin != header$asked$origin) {
    return(FALSE)
  }
  at$path == header$asked$path ||
    !is.null(header$below) && plain(at$path) && startsWith(paste0(at$path, "/"), paste0(header$below, "/"))
}

# fresh reports whether a header may be used: it does not expire soon, and the clock was not put back.
fresh <- function(header) {
  end <- if (is.null(header$expires)) {
    header$received + KEEP
  } else {
    header$expires - min(MARGIN, (header$expires - header$received) / 2)
  }
  header$received - 5 <= now() && now() < end
}

# final reports whether a refusal of a header is final: it is new, so another one would be refused too.
final <- function(header) {
  header$replaces && header$received - 5 <= now() && now() < header$received + FINAL &&
    (is.null(header$expires) || now() < header$expires)
}

# token returns the Bearer token of a header, or "".
token <- function(header) if (startsWith(header$value, "Bearer ")) substring(header$value, 8L) else ""

# whole_host reports whether a header is valid for each path of its host, so that libcurl, which looks only at the host
# of a redirect, may follow with it.
whole_host <- function(header) identical(header$below, "")

# parse_answer reads the answer of cgp-cred credential get: key=value lines. NULL: no profile covers the place. The
# message of an error does not quote it; an answer of an old cgp-cred has the class cgp_old.
parse_answer <- function(text, asked, replaces = FALSE) {
  if (!nzchar(text)) {
    return(NULL)
  }
  fields <- answer_fields(text)
  line <- fields$values[["header"]]
  if (is.null(line)) {
    stop("it has no header", call. = FALSE)
  }
  if (!"header" %in% fields$capabilities) {
    stop(structure(class = c("cgp_old", "error", "condition"), list(message = "it is of an old cgp-cred", call = NULL)))
  }
  if (nzchar(line) && !matches("^[A-Za-z][A-Za-z0-9-]*: [!-~]+( [!-~]+)?\\z", line)) {
    stop("its header can't be sent", call. = FALSE)
  }
  expires <- fields$values[["password_expiry_utc"]]
  if (!is.null(expires) && !matches("^[0-9]{1,12}\\z", expires)) {
    stop("its expiry is not a number", call. = FALSE)
  }
  structure(class = "cgp_secret", list(
    name = sub(": .*", "", line), # empty: this place needs no credential
    value = sub("^[^:]*: ", "", line),
    asked = asked,
    below = below(fields$values[["scope"]], asked), # valid at and below this path; NULL: only for the path asked for
    received = now(),
    expires = if (!is.null(expires)) as.numeric(expires),
    replaces = replaces # it was requested because another one was refused
  ))
}

# answer_fields returns the capabilities of an answer, and its other values by key.
answer_fields <- function(text) {
  if (!endsWith(text, "\n")) {
    stop("its last line is incomplete", call. = FALSE)
  }
  lines <- strsplit(text, "\n", fixed = TRUE)[[1L]]
  keys <- sub("=.*", "", lines, useBytes = TRUE)
  values <- substring(lines, nchar(keys, "bytes") + 2L)
  several <- keys == "capability[]"
  if (!all(grepl("=", lines, fixed = TRUE)) || anyDuplicated(keys[!several])) {
    stop("a line is not KEY=VALUE, or a key is there twice", call. = FALSE)
  }
  list(capabilities = values[several], values = as.list(structure(values[!several], names = keys[!several])))
}

# below returns the path below which a header is valid, if its scope has the same host, otherwise NULL.
below <- function(scope, asked) {
  at <- if (!is.null(scope)) tryCatch(place_of(scope), error = function(e) NULL)
  if (is.null(at) || at$scheme != asked$scheme || short(at) != short(asked)) {
    return(NULL)
  }
  sub("/+$", "", at$path)
}

# short returns the host without the default port of https.
short <- function(at) if (at$scheme == "https") sub(":443$", "", at$host) else at$host

# A header's value is not printed.
format.cgp_secret <- function(x, ...) paste0("<header ", x$name, ": [redacted]>")
print.cgp_secret <- function(x, ...) {
  cat(format(x), "\n", sep = "")
  invisible(x)
}
str.cgp_secret <- function(object, ...) cat("", format(object), "\n")
