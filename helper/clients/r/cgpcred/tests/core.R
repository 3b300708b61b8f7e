# The rules that all languages share, and how cgp-cred is asked. It needs only base R.
if (.Platform$OS.type == "windows") quit()
source("tools/fake.R")

URL <- "https://a.example/api/x"
get_value <- function(url, profile = NULL) invisible(header_for(url, profile)$value)

# The request.
is(get_value("https://A.example:8443/api/x?patient=943#secret", "int"), "Bearer token1")
is(runs()[[1L]]$argv, c("credential", "get", "int"))
is(runs()[[1L]]$stdin, c("capability[]=header", "protocol=https", "host=a.example:8443", "path=/api/x"))
is(length(list.files(tempdir(), "^cgpcred")), 0L)

# Without a scope each path is asked for.
fresh_start()
for (path in c("x", "y", "x")) get_value(paste0("https://a.example/", path))
is(length(runs()), 2L)
is(runs()[[1L]]$argv, c("credential", "get"))

# A scope is asked for once.
fresh_start()
answers(scope = "https://a.example/api")
for (path in c("api/x", "api/y?z", "api")) is(get_value(paste0("https://a.example/", path), "int"), "Bearer token1")
is(length(runs()), 1L)
for (elsewhere in c("https://a.example/apix", "https://a.example/api/../x", "https://a.example:444/api")) {
  get_value(elsewhere, "int")
}
get_value("http://a.example/api", "int")
get_value(URL, "dev")
get_value(URL)
Sys.setenv(CGP_CRED_PROFILE = "dev")
get_value(URL)
Sys.setenv(CGP_CRED_PROFILE = "")
is(length(runs()), 8L)

# A token near its end is not kept; nor is one when the clock went back.
clock <- ns$now
for (moved in c(60, -60)) {
  fresh_start()
  answers(scope = "https://a.example", life = 100)
  is(get_value(URL), "Bearer token1")
  put("now", function() clock() + moved)
  is(find_header(place_of(URL), NULL), NULL)
  is(get_value(URL), "Bearer token2")
  put("now", clock)
}
fresh_start()
answers(scope = "https://a.example", life = 20)
is(get_value(URL), "Bearer token1")
put("now", function() clock() + 8)
is(get_value(URL), "Bearer token1")
put("now", function() clock() + 11)
is(get_value(URL), "Bearer token2")
put("now", clock)

# A refused token is erased, and replaced once a minute.
fresh_start()
answers(scope = "https://a.example")
is(get_value(URL), "Bearer token1")
is(new_header(URL, NULL)$value, "Bearer token2")
is(new_header(URL, NULL)$value, "Bearer token2")
is(get_value(URL), "Bearer token2")
is(length(runs()), 2L)
is(runs("erase")[[1L]]$argv, c("credential", "erase"))
is(
  runs("erase")[[1L]]$stdin,
  c("authtype=Bearer", "credential=token1", "protocol=https", "host=a.example", "path=/api/x")
)
is(length(runs("erase")), 1L)
put("now", function() clock() + 61)
is(new_header(URL, NULL)$value, "Bearer token3")
put("now", clock)

# An API key is not erased.
fresh_start()
answers("apikey: k")
get_value(URL)
is(new_header(URL, NULL)$value, "k")
is(length(runs("erase")), 0L)

# An erase that fails is a warning; what cgp-cred warns of is one too.
fresh_start()
plan("erase", err = "cgp-cred: locked\n", status = 4)
get_value(URL)
said <- NULL
header <- withCallingHandlers(new_header(URL, NULL), cgp_warning = function(w) {
  said <<- conditionMessage(w)
  invokeRestart("muffleWarning")
})
is(said, "cgp-cred: locked")
fresh_start()
plan("get", out = "capability[]=header\nheader=apikey: k\n", err = "cgp-cred: warning: the clock\n")
header <- withCallingHandlers(get_value(URL), warning = function(w) {
  said <<- conditionMessage(w)
  invokeRestart("muffleWarning")
})
is(said, "cgp-cred: warning: the clock")

# Failures.
fails <- function(url = URL, profile = NULL) {
  error <- failure(header_for(url, checked_profile(profile)))
  has(conditionMessage(error), "\nhint: ")
  hasnt(conditionMessage(error), "secret")
  is(inherits(error, "error"), TRUE)
  invisible(error)
}
fresh_start()
plan("get", out = "quit=1\n", err = "cgp-cred: the keychain is locked\033[2J\nhint: unlock it\n", status = 4)
is(conditionMessage(fails()), "cgp-cred: the keychain is locked?[2J\nhint: unlock it")
is(fails()$status, 4L)
plan("get", err = paste0("x\nhint: ", strrep("y", 100000)), status = 5)
is(nchar(conditionMessage(fails())), 2000L)
plan("get", status = 9)
is(fails()$status, 9L)
plan("get")
is(fails("https://a.example/secret?secret")$status, 3L)
has(conditionMessage(fails()), "no profile covers this place on https://a.example\n")
has(conditionMessage(fails(profile = "int")), "profile 'int' does not cover")
for (out in c("header=apikey: secret\nheader=apikey: secret\n", "Bearer secret\n", "quit=1\n")) {
  plan("get", out = out)
  is(fails()$status, NA_integer_)
}
plan("get", out = "capability[]=header\nheader=apikey: s\xe9cret\n")
has(conditionMessage(fails()), "its header can't be sent")
plan("get", out = paste0("capability[]=header\nheader=apikey: ", strrep("secret", 50000), "\n"))
is(nchar(header_for(URL, NULL)$value), 300000L) # more than a pipe holds
fresh_start()

plan("get", out = "header=Authorization: Bearer secret\n")
plan("--json", out = "{\"version\":\"v0.3.0\",\"commit\":\"\"}")
has(conditionMessage(fails()), "is cgp-cred v0.3.0, which is too old for this package, version 0.0.0")
has(conditionMessage(fails()), file.path(here, "cgp-cred"))
plan("--json", err = "cgp-cred: unknown flag", status = 2)
has(conditionMessage(fails()), "is cgp-cred of an unknown version, which is too old")

# It hangs, or the user interrupts: it is ended.
gone <- function() {
  pid <- as.integer(readLines(file.path(here, paste0("run-", length(list.files(here, "^run-"))), "pid")))
  for (i in 1:600) {
    if (!tools::pskill(pid, 0L)) return(TRUE)
    Sys.sleep(0.05)
  }
  FALSE
}
fresh_start()
plan("get", sleep = 600)
options(cgpcred.timeout = 3)
has(conditionMessage(fails()), "did not answer within 3 s")
options(cgpcred.timeout = NULL)
is(gone(), TRUE)
is(length(list.files(tempdir(), "^cgpcred")), 0L)
interrupted <- tryCatch({
  setTimeLimit(elapsed = 3, transient = TRUE)
  header_for(URL, NULL)
}, error = conditionMessage)
setTimeLimit()
has(interrupted, "time limit")
for (limit in c("elapsed", "CPU", "session elapsed", "session CPU")) {
  reached <- simpleError(paste("reached", limit, "time limit"))
  has(tryCatch(nothing_yet(reached), error = conditionMessage), "time limit")
}
is(nothing_yet(simpleError("no data")), raw())
is(gone(), TRUE)
is(length(list.files(tempdir(), "^cgpcred")), 0L)
fresh_start()
plan("get", out = strrep("secret", 300000))
has(conditionMessage(fails()), "it is too long")

for (name in list("--help", "a b", "../x", "A", strrep("x", 65), "int\n", "int; id", c("a", "b"), 1, NA)) {
  is(fails(profile = name)$status, 2L)
}
is(checked_profile(""), NULL)
count <- length(runs())
odd_urls <- list("", "https://u:secret@a.example/", "file:///etc/passwd", NULL, NA, 1, c(URL, URL), paste0(URL, "\n"))
for (url in odd_urls) {
  fails(url)
}
fails(paste0(URL, strrep("/x", 5000)))
is(length(runs()), count)

put("PROGRAM", file.path(here, "gone"))
has(conditionMessage(fails()), "gone can't be run: ")

# It is the first on PATH, but not in the current folder or a relative one.
path <- Sys.getenv("PATH")
fresh_start()
put("PROGRAM", "")
Sys.setenv(PATH = paste0("/nowhere:", here, ":/usr/bin:/bin"))
is(get_value(URL), "Bearer token1")
fresh_start()
put("PROGRAM", "")
before <- setwd(here)
for (folders in c("", ".", ":", ".:/nowhere", "./", paste0("../", basename(here)), "~")) {
  Sys.setenv(PATH = folders)
  has(conditionMessage(fails()), "is not on PATH")
}
setwd(before)
Sys.setenv(PATH = path)
is(length(runs()), 0L)

# A path with what a shell would read.
odd <- file.path(here, "a 'b' $(id) \"c\" `d`; e")
is(file.copy(file.path(here, "cgp-cred"), odd), TRUE)
fresh_start()
put("PROGRAM", odd)
is(get_value(URL), "Bearer token1")
put("PROGRAM", "/h\u00e9l")
is(charToRaw(program()), charToRaw(enc2utf8("/h\u00e9l")))

# A variable that R could save does not hold an answer that was refused.
fresh_start()
plan("get", out = "capability[]=header\nheader=Authorization: Bearer secret\nheader=x\n")
variables <- function(frame) {
  lapply(ls(frame), function(name) tryCatch(utils::capture.output(print(get(name, frame))), error = function(e) ""))
}
frames <- NULL
error <- tryCatch(
  withCallingHandlers(header_for(URL, NULL), cgp_error = function(e) frames <<- lapply(sys.frames(), variables)),
  cgp_error = identity
)
is(length(frames) > 3L, TRUE)
hasnt(unlist(frames), "secret")

# Proxies.
fresh_start()
proxied <- function(no, names = "http_proxy", url = "http://localhost:8080/") {
  Sys.unsetenv(c("NO_PROXY", "no_proxy"))
  do.call(Sys.setenv, c(list(NO_PROXY = no), structure(list("http://p.example:3128"), names = names)))
  on.exit(Sys.unsetenv(names))
  on.exit(Sys.setenv(NO_PROXY = "*"), add = TRUE)
  tryCatch({
    header_for(url, NULL)
    0L
  }, cgp_error = function(e) e$status)
}
is(proxied("localhost.example"), 6L)
is(proxied("", "HTTP_PROXY"), 6L)
is(proxied("", "all_proxy"), 6L)
is(proxied("x,*"), 6L)
is(proxied("*"), 0L)
is(proxied("a.example, LOCALHOST"), 0L)
is(proxied("", "https_proxy"), 0L)
is(proxied("", url = "http://a.example/"), 0L)
is(proxied("::1", url = "http://[::1]:80/"), 0L)

# A header is not shown, and no random number is used up.
fresh_start()
set.seed(1)
seed <- .Random.seed
settings <- options()
header <- header_for(URL, NULL)
is(.Random.seed, seed)
is(options(), settings)
is(shown(print(header)), "<header Authorization: [redacted]>")
hasnt(shown(str(list(header), give.attr = FALSE)), "token1")
value <- tryCatch(cgp_headers(URL), cgp_error = function(e) "refused")
is(value, "refused") # without a scope R could send it to another path
fresh_start()
answers(scope = "https://a.example")
value <- cgp_headers(URL)
is(c(names(value), paste0(value)), c("Authorization", "Bearer token1"))
hasnt(shown(print(value), str(value), str(list(value))), "token1")
for (header in c("apikey: secret", "X-API-Key: secret")) {
  fresh_start()
  answers(header, scope = "https://a.example")
  has(conditionMessage(failure(cgp_headers(URL))), "an API key")
}
fresh_start()
answers("")
is(length(cgp_headers(URL)), 0L)

# A forked process asks for itself, and each gets its own answer.
fresh_start()
answers(scope = "https://a.example")
is(get_value(URL), "Bearer token1")
forked <- parallel::mclapply(1:4, function(i) get_value(URL), mc.cores = 4L)
is(length(runs()), 5L)
is(all(grepl("^Bearer token[2-5]$", unlist(forked))), TRUE)
is(get_value(URL), "Bearer token1")

# What runs on Windows, as far as other systems show it.
fresh_start()
put("on_windows", function() FALSE)
fake <- file.path(here, "cgp-cred")
done <- start_windows(fake, c("credential", "get"), request_lines(place_of(URL), "capability[]=header"))
is(done, list(status = 0L, out = "capability[]=header\nheader=Authorization: Bearer token1\n", said = ""))
is(runs()[[1L]]$stdin, c("capability[]=header", "protocol=https", "host=a.example", "path=/api/x"))
is(start_windows(fake, c("credential", "erase"), c("credential=t", ""))$status, 0L)
is(runs("erase")[[1L]]$stdin, "credential=t")
plan("get", err = "cgp-cred: locked\n", status = 4)
is(start_windows(fake, c("credential", "get"), ""), list(status = 4L, out = "", said = "cgp-cred: locked\n"))

# Where a redirect leads.
for (case in list(
  c("http://b.example/x", "http://b.example/x"), c("//b.example/x", "https://b.example/x"),
  c("/x?y", "https://a.example/x?y"), c("y", "https://a.example/api/y"), c("?z", "https://a.example/api/x?z")
)) {
  is(resolved(case[[1L]], URL), case[[2L]])
}
for (location in c("file:///etc/passwd", "http://u:p@b.example/", "javascript:x", "//b.example\\c", "http://b x/")) {
  is(resolved(location, URL), NULL)
}

# Base R: libcurl keeps the token back from another host.
base <- serve()
other <- sub("127.0.0.1", "localhost", base)
API <- paste0(base, "/api/x?patient=943")
begin()
file <- tempfile()
is(download.file(API, file, method = "libcurl", headers = cgp_headers(API), quiet = TRUE), 0L)
is(readLines(file, warn = FALSE), "ok")
con <- url(API, headers = cgp_headers(API), method = "libcurl")
is(readLines(con, warn = FALSE), "ok")
close(con)
is(requests(), rep(request_line(host(base), "/api/x?patient=943", "Bearer token1"), 2L))
url <- paste0(base, "/redirect/", other, "/y")
is(download.file(url, file, method = "libcurl", headers = cgp_headers(API), quiet = TRUE), 0L)
is(requests(), c(
  request_line(host(base), paste0("/redirect/", other, "/y"), "Bearer token1"), request_line(host(other), "/y")
))

# The rules that all languages share. JSON is nearly R.
file <- Sys.getenv("CGPCRED_RULES")
if (nzchar(file)) {
  text <- paste(readLines(file), collapse = "\n")
  strings <- gregexpr("\"([^\"\\\\]|\\\\.)*\"", text)
  regmatches(text, strings, invert = TRUE)[[1L]] -> between
  changes <- c("[[{]" = "list(", "[]}]" = ")", ":" = "=", "true" = "TRUE", "false" = "FALSE", "null" = "NULL")
  for (json in names(changes)) between <- gsub(json, changes[[json]], between)
  text <- paste0(c(rbind(between, c(regmatches(text, strings)[[1L]], ""))), collapse = "")
  rules <- eval(parse(text = text, keep.source = FALSE))
  error <- function(code) tryCatch({
    code
    stop("it did not fail")
  }, error = conditionMessage)
  asked <- place_of("https://a.example/api/v1/x")
  for (r in rules$places) is(place_of(r$url)[c("scheme", "host", "path")], r[c("scheme", "host", "path")])
  for (url in rules$refused_urls) hasnt(error(place_of(url)), "secret")
  for (path in names(rules$plain_paths)) is(plain(path), rules$plain_paths[[path]])
  for (host in names(rules$loopback_hosts)) is(loopback(host), rules$loopback_hosts[[host]])
  for (r in rules$answers) is(unclass(parse_answer(r$text, asked))[c("name", "value")], r[c("name", "value")])
  for (text in rules$bad_answers) hasnt(error(parse_answer(text, asked)), "secret")
  for (text in rules$answers_of_old_helpers) {
    is(tryCatch(parse_answer(text, asked), cgp_old = function(e) "old"), "old")
  }
  for (r in rules$scopes) {
    scope <- if (!is.null(r$scope)) paste0("scope=", r$scope, "\n")
    header <- parse_answer(paste0("capability[]=header\nheader=apikey: k\n", scope), asked)
    for (path in names(r$paths)) is(covers(header, place("https", "a.example", path)), r$paths[[path]])
    for (url in rules$never_covered) is(covers(header, place_of(url)), FALSE)
  }
  is(length(rules), 10L)
}

finished()
