# Asks cgp-cred for headers over its standard input, and stores them in this process's memory.

REINSTALL <- "hint: run this again: cgp-cred clients install r"

# The headers by profile and origin, and the process that they belong to.
memory <- new.env(parent = emptyenv())

# fail signals that there is no credential. status is the exit status of cgp-cred: 2 usage, 3 no such profile or none
# that covers the URL, 4 keychain, 5 refused, 6 network, 7 try again. It is NA if cgp-cred did not run, did not end or
# gave an unusable answer. httr2's own failures have the two other classes.
fail <- function(message, status = NA_integer_) {
  classes <- c("cgp_error", "httr2_failure", "httr2_error", "error", "condition")
  stop(structure(class = classes, list(message = message, call = NULL, status = status)))
}

# header_for returns the header for a URL. The message of its error has only the origin of the URL.
header_for <- function(url, profile) {
  at <- asked_place(url)
  found <- find_header(at, profile)
  if (is.null(found)) keep(ask(at, profile), profile) else found
}

# new_header returns the header for a URL after a server refused the one in use with 401. A refused token is erased from
# cgp-cred's cache. A header that is itself a replacement is not replaced again: its refusal is final.
new_header <- function(url, profile) {
  at <- asked_place(url)
  refused <- find_header(at, profile)
  if (is.null(refused)) {
    return(header_for(url, profile))
  }
  if (final(refused)) {
    return(refused)
  }
  set_headers(at, profile, Filter(function(h) h$value != refused$value, headers(at, profile)))
  if (nzchar(token(refused))) {
    erase(at, profile, token(refused))
  }
  keep(ask(at, profile, replaces = TRUE), profile)
}

# headers returns what is stored for the origin of a place. A forked process starts empty: its parent may replace a
# header at any time.
headers <- function(at, profile) {
  if (!identical(memory$process, Sys.getpid())) {
    memory$process <- Sys.getpid()
    memory$headers <- list()
  }
  memory$headers[[origin_key(at, profile)]]
}

set_headers <- function(at, profile, all) memory$headers[[origin_key(at, profile)]] <- all

origin_key <- function(at, profile) {
  chosen <- if (is.null(profile)) paste0("?", Sys.getenv("CGP_CRED_PROFILE")) else profile
  paste(chosen, at$origin)
}

find_header <- function(at, profile) {
  Find(function(h) covers(h, at) && fresh(h), headers(at, profile))
}

keep <- function(header, profile) {
  others <- Filter(function(h) fresh(h) && !covers(header, h$asked), headers(header$asked, profile))
  all <- c(list(header), others)
  set_headers(header$asked, profile, all[seq_len(min(64L, length(all)))])
  header
}

asked_place <- function(url) {
  at <- tryCatch(place_of(url), error = function(e) {
    fail(paste0("cgp-cred was not asked: ", conditionMessage(e), "\nhint: give a URL such as https://HOST/PATH"), 3L)
  })
  problem <- proxy_in_the_way(at)
  if (!is.null(problem)) {
    fail(problem, 6L)
  }
  at
}

# checked_profile returns a profile's name, or NULL for the profile that covers the URL.
checked_profile <- function(profile) {
  if (is.null(profile) || identical(profile, "")) {
    return(NULL)
  }
  if (!is.character(profile) || length(profile) != 1L || !matches("^[a-z0-9][a-z0-9._-]{0,63}\\z", profile)) {
    fail("this can't be a profile's name\nhint: cgp-cred list", 2L)
  }
  profile
}

ask <- function(at, profile, replaces = FALSE) {
  # No variable here may hold the answer: R can save the variables of each function that an error left.
  lines <- request_lines(at, "capability[]=header")
  header <- tryCatch(parse_answer(run("get", profile, lines), at, replaces), error = identity)
  if (inherits(header, "cgp_error")) {
    stop(header)
  }
  if (inherits(header, "cgp_old")) {
    too_old()
  }
  if (inherits(header, "error")) {
    fail(paste0("cgp-cred gave an answer that can't be used: ", conditionMessage(header), "\n", REINSTALL))
  }
  if (is.null(header)) {
    name <- if (is.null(profile)) "no profile covers" else paste0("profile '", profile, "' does not cover")
    fail(paste0("cgp-cred: ", name, " this place on ", at$origin, "\nhint: cgp-cred list"), 3L)
  }
  header
}

erase <- function(at, profile, token) {
  lines <- request_lines(at, "authtype=Bearer", paste0("credential=", token))
  # If it fails, the next answer is the same token.
  tryCatch(run("erase", profile, lines), cgp_error = function(e) warn(conditionMessage(e)))
}

request_lines <- function(at, ...) {
  c(..., paste0("protocol=", at$scheme), paste0("host=", at$host), paste0("path=", at$path), "")
}

# run runs cgp-cred and returns its standard output. A failure has its message and its exit status.
run <- function(verb, profile, lines) {
  done <- start(program(), c("credential", verb, profile), lines)
  said <- trimws(done$said)
  if (done$status %in% c(126L, 127L)) {
    fail(paste0(printable(program()), " can't be run: ", sub(".*: ", "", said), "\n", REINSTALL))
  }
  if (done$status != 0L) {
    silent <- paste0("cgp-cred ended with status ", done$status, " and no message\nhint: cgp-cred status")
    fail(if (nzchar(said)) said else silent, done$status)
  }
  if (nzchar(said)) {
    warn(said)
  }
  done$out
}

warn <- function(message) {
  warning(structure(class = c("cgp_warning", "warning", "condition"), list(message = message, call = NULL)))
}

# too_old signals that cgp-cred is older than this package needs.
too_old <- function() {
  out <- tryCatch(start(program(), c("version", "--json"), "")$out, cgp_error = function(e) "")
  version <- regmatches(out, regexec("\"version\" *: *\"([^\"]*)\"", out))[[1L]]
  fail(paste0(
    printable(program()), " is cgp-cred ", if (length(version)) printable(version[[2L]]) else "of an unknown version",
    ", which is too old for this package, version ", VERSION,
    "\nhint: update cgp-cred, then run: cgp-cred clients install r"
  ))
}

# program returns the absolute path of cgp-cred: the one that wrote this package, otherwise the first on PATH. It skips
# the current folder and relative folders.
program <- function() {
  windows <- on_windows()
  if (nzchar(PROGRAM)) {
    recorded <- PROGRAM
    if (!windows) Encoding(recorded) <- "unknown" # a path is bytes, whatever the locale
    return(recorded)
  }
  absolute <- if (windows) "^([A-Za-z]:[\\\\/]|[\\\\/]{2})" else "^/"
  for (folder in strsplit(Sys.getenv("PATH"), .Platform$path.sep, fixed = TRUE)[[1L]]) {
    found <- paste0(folder, "/", if (windows) "cgp-cred.exe" else "cgp-cred")
    if (grepl(absolute, folder) && file.access(found, 1L) == 0L && !dir.exists(found)) {
      return(found)
    }
  }
  fail("cgp-cred is not on PATH\nhint: install it, then run: cgp-cred clients install r")
}

on_windows <- function() .Platform$OS.type == "windows"

# printable returns text that is safe to print on a terminal, cut to 2000 characters.
printable <- function(text) gsub("[^\n -~]", "?", substr(text, 1L, 2000L), perl = TRUE, useBytes = TRUE)
