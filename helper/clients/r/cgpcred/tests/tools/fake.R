# A program that plays cgp-cred, a server that remembers what it was sent, and what the tests say. The package is the
# installed one, or its source in the folder CGPCRED_SOURCE.

source_folder <- Sys.getenv("CGPCRED_SOURCE")
if (nzchar(source_folder)) {
  ns <- new.env(parent = globalenv())
  for (name in c("SIGKILL", "SIGTERM", "pskill")) assign(name, getExportedValue("tools", name), ns)
  for (file in list.files(source_folder, "\\.R$", full.names = TRUE)) sys.source(file, ns)
  for (method in grep("^(format|print|str)\\.", ls(ns), value = TRUE)) {
    registerS3method(sub("\\..*", "", method), sub("^[a-z]*\\.", "", method), ns[[method]])
  }
} else {
  ns <- asNamespace("cgpcred")
}
attach(as.list(ns, all.names = TRUE), name = "cgpcred internals", warn.conflicts = FALSE)

# put replaces something in the package.
put <- function(name, value) {
  if (bindingIsLocked(name, ns)) get("unlockBinding", baseenv())(name, ns)
  assign(name, value, ns)
}

checks <- 0L
is <- function(got, want) {
  checks <<- checks + 1L
  if (!identical(got, want)) {
    str <- function(x) paste(utils::capture.output(utils::str(x)), collapse = "\n")
    stop("got ", str(got), "\nwant ", str(want), call. = FALSE)
  }
}
has <- function(text, part) if (!any(grepl(part, text, fixed = TRUE))) stop("no ", part, " in: ", text) else is(1, 1)
hasnt <- function(text, part) if (any(grepl(part, text, fixed = TRUE))) stop(part, " is in: ", text) else is(1, 1)
failure <- function(code) tryCatch({
  code
  stop("it did not fail")
}, cgp_error = function(e) e)
shown <- function(...) paste(utils::capture.output(...), collapse = "\n")

here <- tempfile("fake")
dir.create(here)
here <- normalizePath(here)
at_end <- new.env()
finished <- function() {
  if (!is.null(at_end$server)) tools::pskill(at_end$server)
  cat("Ran", checks, "checks\n")
}

# Each run leaves a folder with its arguments and stdin, which it reads up to the empty line, and answers as the files
# of the plan say. @N@ is how many times it was asked for a credential.
writeLines(c(
  "#!/bin/sh",
  paste0("here='", here, "'"),
  "n=1; while ! mkdir \"$here/run-$n\" 2>/dev/null; do n=$((n+1)); done",
  "run=$here/run-$n",
  "for a in \"$@\"; do echo \"$a\"; done >\"$run/argv\"",
  "while IFS= read -r line; do [ -n \"$line\" ] || break; printf '%s\\n' \"$line\"; done >\"$run/stdin\"",
  "echo \"$2\" >\"$run/verb\"",
  "echo $$ >\"$run/pid\"",
  "plan=$here/plan-$2",
  "[ ! -e \"$plan.sleep\" ] || exec sleep \"$(cat \"$plan.sleep\")\"",
  "n=$(cat \"$here\"/run-*/verb | grep -c '^get$')",
  "[ ! -e \"$plan.err\" ] || cat \"$plan.err\" >&2",
  "[ -e \"$plan.status\" ] || [ ! -e \"$plan.out\" ] || exec sed \"s/@N@/$n/g\" \"$plan.out\"",
  "[ ! -e \"$plan.out\" ] || sed \"s/@N@/$n/g\" \"$plan.out\"",
  "[ ! -e \"$plan.status\" ] || exit \"$(cat \"$plan.status\")\""
), file.path(here, "cgp-cred"))
Sys.chmod(file.path(here, "cgp-cred"), "0700")

fresh_start <- function() {
  unlink(list.files(here, "^(run|plan)-", full.names = TRUE), recursive = TRUE)
  memory <- ns$memory
  memory$process <- NULL
  put("PROGRAM", file.path(here, "cgp-cred"))
  answers()
}

# plan says what the program answers to a verb: out, err, status, sleep.
plan <- function(verb, ...) {
  unlink(list.files(here, paste0("^plan-", verb), full.names = TRUE))
  parts <- list(...)
  for (name in names(parts)) cat(parts[[name]], file = file.path(here, paste0("plan-", verb, ".", name)), sep = "")
}

answers <- function(header = "Authorization: Bearer token@N@", scope = NULL, life = NULL) {
  plan("get", out = paste0(
    "capability[]=header\nheader=", header, "\n",
    if (!is.null(scope)) paste0("scope=", scope, "\n"),
    if (!is.null(life)) paste0("password_expiry_utc=", round(as.numeric(Sys.time()) + life), "\n")
  ))
}

# runs returns the arguments and the stdin of each run with a verb.
runs <- function(verb = "get") {
  found <- list.files(here, "^run-")
  found <- file.path(here, found[order(as.integer(sub("run-", "", found)))])
  found <- Filter(function(r) identical(readLines(file.path(r, "verb")), verb), found)
  lapply(found, function(r) list(argv = readLines(file.path(r, "argv")), stdin = readLines(file.path(r, "stdin"))))
}

# serve starts a server and returns its address. It logs each request, refuses tokens that are not in the file wants,
# and redirects /redirect/URL.
serve <- function() {
  ready <- file.path(here, "server")
  rscript <- file.path(R.home("bin"), "Rscript")
  words <- c(shQuote(rscript), "--vanilla", shQuote(normalizePath("tools/server.R")), shQuote(here))
  system(paste(words, collapse = " "), wait = FALSE, ignore.stderr = TRUE)
  for (i in 1:600) {
    if (file.exists(ready)) break
    Sys.sleep(0.05)
  }
  lines <- readLines(ready)
  at_end$server <- as.integer(lines[[2L]])
  paste0("http://127.0.0.1:", lines[[1L]])
}

# seen returns the requests since the last call: path, Authorization and apikey in one line each.
seen <- function() {
  log <- file.path(here, "requests")
  lines <- if (file.exists(log)) readLines(log) else character()
  unlink(log)
  lines
}

host <- function(url) sub("^http://", "", url)

# begin starts a test with a server: the program answers with a header for a scope.
begin <- function(header = "Authorization: Bearer token@N@", scope = base, ...) {
  fresh_start()
  answers(header, scope, ...)
  unlink(file.path(here, c("wants", "requests")))
}
line <- function(host, path, authorization = "", apikey = "", accept = "") {
  paste(host, path, authorization, apikey, accept, sep = " | ")
}

# requests returns what the server has seen, without the header Accept.
requests <- function() sub("[^|]*$", "", seen())
request_line <- function(...) sub("[^|]*$", "", line(...))

wants <- function(...) writeLines(c(...), file.path(here, "wants"))

Sys.setenv(NO_PROXY = "*", CGP_CRED_PROFILE = "")
fresh_start()
