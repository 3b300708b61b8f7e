# Requests of httr2, httr and curl to a server on this machine. What is not installed is left out.
if (.Platform$OS.type == "windows") quit()
source("tools/fake.R")

base <- serve()
other <- sub("127.0.0.1", "localhost", base) # another host for every client
there <- function(package) {
  found <- requireNamespace(package, quietly = TRUE)
  cat(package, if (found) format(utils::packageVersion(package)) else "is missing", "\n")
  found
}
API <- paste0(base, "/api/x?patient=943")
to_other <- paste0("/redirect/", other, "/y")
first <- request_line(host(base), to_other, "Bearer token1")
second <- request_line(host(other), "/y")

# saved returns what R would write into a file, as text.
saved <- function(object) {
  bytes <- serialize(object, NULL)
  rawToChar(bytes[bytes > 31L & bytes < 127L])
}

if (there("curl")) {
  begin()
  is(cgp_fetch(API)$status_code, 200L)
  is(cgp_fetch(API)$status_code, 200L)
  is(requests(), rep(request_line(host(base), "/api/x?patient=943", "Bearer token1"), 2L))
  is(length(runs()), 1L)
  is(curl::curl_fetch_memory(API, cgp_handle(API))$status_code, 200L)
  hasnt(saved(cgp_handle(API)), "token1")
  hasnt(shown(print(cgp_handle(API)), str(cgp_handle(API))), "token1")

  # A refused token is replaced, once.
  wants("token2")
  is(cgp_fetch(API, headers = c(Accept = "application/fhir+json"))$status_code, 200L)
  last <- tail(seen(), 1L)
  is(last, paste0(line(host(base), "/api/x?patient=943", "Bearer token2", "", "application/fhir+json"), " "))
  is(length(runs("erase")), 1L)
  wants("none")
  is(cgp_fetch(API)$status_code, 401L)
  is(c(length(runs()), length(runs("erase"))), c(2L, 1L))

  # A file.
  begin()
  file <- tempfile()
  is(cgp_fetch(API, path = file)$status_code, 200L)
  is(readLines(file, warn = FALSE), "ok")

  # Redirects: to another host, within the host, outside the scope, in a circle.
  for (header in c("Authorization: Bearer token@N@", "apikey: key@N@", "X-API-Key: key@N@")) {
    begin(header)
    is(cgp_fetch(paste0(base, to_other))$status_code, 200L)
    got <- requests()
    if (!startsWith(header, "X")) has(got[[1L]], "1 |")
    is(got[[2L]], second)
  }
  begin()
  is(curl::curl_fetch_memory(paste0(base, to_other), cgp_handle(paste0(base, to_other)))$status_code, 200L)
  is(requests(), c(first, second))
  begin("apikey: key1")
  is(curl::curl_fetch_memory(paste0(base, to_other), cgp_handle(paste0(base, to_other)))$status_code, 302L)
  is(requests(), request_line(host(base), to_other, "", "key1"))
  begin(scope = paste0(base, "/redirect"))
  url <- paste0(base, "/redirect//api/x")
  wants("token1")
  is(cgp_fetch(url)$status_code, 401L) # not covered, so sent without the token
  is(requests(), c(request_line(host(base), "/redirect//api/x", "Bearer token1"), request_line(host(base), "/api/x")))
  is(length(runs("erase")), 0L)
  is(curl::curl_fetch_memory(url, cgp_handle(url))$status_code, 302L)
  begin()
  is(cgp_fetch(paste0(base, "/redirect//redirect//y"))$status_code, 200L)
  is(requests()[[3L]], request_line(host(base), "/y", "Bearer token1"))
  begin()
  is(cgp_fetch(paste0(base, "/redirect/", other, "/no"))$status_code, 401L) # it was not the header that was refused
  is(length(runs("erase")), 0L)
  begin()
  plan("get", err = "cgp-cred: locked\nhint: unlock\n", status = 4)
  is(failure(cgp_fetch(API))$status, 4L)
  is(requests(), character())

  # Fifty at once, with one request for a token.
  begin()
  statuses <- integer()
  pool <- curl::new_pool(total_con = 50, host_con = 50)
  for (i in 1:50) {
    url <- paste0(base, "/api/", i)
    handle <- curl::handle_setopt(cgp_handle(url), url = url)
    curl::multi_add(handle, done = function(r) statuses <<- c(statuses, r$status_code), pool = pool)
  }
  curl::multi_run(pool = pool)
  is(statuses, rep(200L, 50L))
  is(length(runs()), 1L)

  # Another host of a redirect gets no other secret either.
  begin()
  mine <- c(apikey = "secret", Accept = "x/y")
  is(cgp_fetch(paste0(base, to_other), headers = mine, userpwd = "me:secret", timeout = 600)$status_code, 200L)
  got <- seen()
  is(c(grepl("| secret |", got[[1L]], fixed = TRUE), grepl("x/y", got[[2L]])), c(TRUE, TRUE))
  hasnt(got[[2L]], "secret")
  hasnt(got[[2L]], "Basic")

  begin("")
  is(cgp_fetch(API)$status_code, 200L)
  is(requests(), request_line(host(base), "/api/x?patient=943"))
}

if (there("httr2")) {
  library(httr2)
  version <- utils::packageVersion("httr2")
  status <- function(req) resp_status(req_perform(req))
  any_status <- function(req) status(req_error(req, is_error = function(resp) FALSE))

  begin()
  req <- req_cgp(request(API), "int")
  is(length(runs()), 0L)
  is(status(req), 200L)
  is(requests(), request_line(host(base), "/api/x?patient=943", "Bearer token1"))
  is(runs()[[1L]]$argv, c("credential", "get", "int"))
  # The URL may change after req_cgp.
  is(status(req_url_query(req_url_path_append(req_cgp(request(base)), "api", "y"), q = 1)), 200L)
  is(runs()[[2L]]$stdin[[4L]], "path=/api/y")
  is(status(req_url(req_cgp(request("https://a.example/")), API)), 200L)
  is(status(req_method(req_body_json(req_cgp(request(API)), list(a = 1)), "PUT")), 200L)
  is(length(runs()), 2L)
  file <- tempfile()
  is(resp_status(req_perform(req, path = file)), 200L)
  is(readLines(file, warn = FALSE), "ok")

  # Nothing of it is in what R shows or saves.
  hasnt(shown(print(req), str(req), print(last_request()), print(last_response())), "token1")
  hasnt(saved(list(req, last_response())), "token1")
  if (version >= "1.1.0") hasnt(saved(last_request()), "token1")
  has(saved(req), "cgpcred")
  file <- tempfile()
  saveRDS(req, file)
  is(status(readRDS(file)), 200L)
  said <- utils::capture.output(verbose <- req_perform(req_verbose(req)))
  said <- c(said, utils::capture.output(type = "message", verbose <- req_perform(req_verbose(req))))
  hasnt(paste(said, collapse = "\n"), "token1")
  if (requireNamespace("httpuv", quietly = TRUE)) {
    count <- length(runs())
    said <- utils::capture.output(type = "message", out <- utils::capture.output(dry <- req_dry_run(req)))
    hasnt(paste(c(said, out, unlist(dry)), collapse = "\n"), "token1")
    is(length(runs()), count)
  }
  if ("httr2_translate" %in% getNamespaceExports("httr2")) hasnt(shown(print(httr2_translate(req))), "token1")

  # A refused token is replaced, once.
  begin()
  is(status(req), 200L)
  wants("token2")
  is(status(req), 200L)
  is(c(length(runs()), length(runs("erase"))), c(2L, 1L))
  is(requests()[[3L]], request_line(host(base), "/api/x?patient=943", "Bearer token2"))
  wants("none")
  is(any_status(req), 401L)
  is(any_status(req_retry(req, max_tries = 3)), 401L)
  is(c(length(runs()), length(runs("erase"))), c(2L, 1L))
  error <- tryCatch(req_perform(req), error = identity)
  is(inherits(error, "httr2_http_401"), TRUE)
  hasnt(saved(error), "token2")

  # Redirects.
  begin()
  is(status(req_cgp(request(paste0(base, to_other)))), 200L)
  is(requests(), c(first, second))
  begin()
  is(any_status(req_cgp(req_options(request(paste0(base, to_other)), followlocation = 0))), 302L)
  is(requests(), first)
  is(status(req_cgp(req_cgp(request(paste0(base, to_other)), "other"), "int")), 200L)
  is(requests()[[2L]], second)
  begin(scope = paste0(base, "/redirect"))
  req <- req_cgp(request(paste0(base, "/redirect//api/x")))
  error <- tryCatch(req_perform(req), error = identity)
  has(conditionMessage(error), "was not followed")
  is(any_status(req), 302L)
  begin("apikey: key1")
  is(status(req_cgp(request(API))), 200L)
  is(any_status(req_cgp(request(paste0(base, to_other)))), 302L)
  with_key <- function(path) request_line(host(base), path, "", "key1")
  is(requests(), c(with_key("/api/x?patient=943"), with_key(to_other)))
  is(any_status(req_cgp(request(paste0(base, "/no")))), 401L)
  is(length(runs("erase")), 0L)
  begin("")
  is(status(req_cgp(request(paste0(base, to_other)))), 200L)

  # Fifty at once, with one request for a token.
  many <- function(req) {
    reqs <- lapply(1:50, function(i) req_url_path_append(req, i))
    resps <- if (version < "1.0.0") multi_req_perform(reqs) else req_perform_parallel(reqs, progress = FALSE)
    vapply(resps, function(r) r$status_code, 1L)
  }
  begin()
  req <- req_cgp(request(paste0(base, "/api")))
  is(many(req), rep(200L, 50L))
  is(length(runs()), 1L)
  if (version >= "1.1.0") {
    wants("token2")
    is(many(req), rep(200L, 50L))
    is(c(length(runs()), length(runs("erase"))), c(2L, 1L))
  }

  # A stream.
  begin()
  if (version >= "1.0.6") {
    got <- NULL
    is(resp_status(req_perform_stream(req_cgp(request(API)), function(x) {
      got <<- rawToChar(x)
      TRUE
    })), 200L)
    is(got, "ok")
  }

  # Without a credential nothing is sent.
  begin()
  plan("get", err = "cgp-cred: locked\nhint: unlock\n", status = 4)
  error <- tryCatch(req_perform(req_cgp(request(API))), httr2_error = identity)
  is(error$status, 4L)
  has(conditionMessage(error), "hint: unlock")
  plan("get")
  is(failure(req_perform(req_cgp(request(API))))$status, 3L)
  is(failure(req_cgp(request(API), "--help"))$status, 2L)
  is(requests(), character())
}

if (there("httr") && requireNamespace("curl", quietly = TRUE)) {
  token <- cgp_token("int")
  begin()
  get <- function(..., of = API) suppressMessages(httr::GET(of, ...))
  response <- get(token)
  is(httr::status_code(response), 200L)
  is(httr::status_code(get(httr::config(token = token), httr::accept_json())), 200L)
  is(httr::status_code(suppressMessages(httr::POST(API, token, body = list(a = 1), encode = "json"))), 200L)
  is(requests(), rep(request_line(host(base), "/api/x?patient=943", "Bearer token1"), 3L))
  is(length(runs()), 1L)
  is(runs()[[1L]]$argv, c("credential", "get", "int"))
  is(token$validate(), TRUE)
  hasnt(saved(list(token, response)), "token1")
  hasnt(shown(print(token), str(token), print(response), str(response), print(response$request)), "token1")

  # A refused token is replaced, once.
  wants("token2")
  is(httr::status_code(get(token)), 200L)
  is(tail(requests(), 1L), request_line(host(base), "/api/x?patient=943", "Bearer token2"))
  wants("none")
  is(httr::status_code(get(token)), 401L)
  is(length(requests()), 1L)
  is(c(length(runs()), length(runs("erase"))), c(2L, 1L))

  # Redirects.
  begin()
  is(httr::status_code(get(token, of = paste0(base, to_other))), 200L)
  is(requests(), c(first, second))
  begin(scope = paste0(base, "/redirect"))
  is(httr::status_code(get(token, of = paste0(base, "/redirect//api/x"))), 302L)

  begin("apikey: secret")
  error <- failure(get(token))
  has(conditionMessage(error), "has an API key")
  begin()
  plan("get")
  is(failure(get(token))$status, 3L)
  is(requests(), character())
  begin("")
  is(httr::status_code(get(token)), 200L)

  begin()
  for (i in 1:5) is(httr::status_code(get(token, of = paste0(base, "/api/", i))), 200L)
  is(length(runs()), 1L)
}

# What docs/r.md says of R without this package: a header that was added by hand.
begin()
url <- paste0(base, to_other)
leaks <- function(code) {
  code
  last <- requests()[[2L]]
  is(startsWith(last, host(other)), TRUE)
  grepl("| secret |", last, fixed = TRUE)
}
by_hand <- list(Authorization = "secret", apikey = "secret")
for (name in names(by_hand)) {
  header <- by_hand[name]
  expected <- name == "apikey" || utils::packageVersion("curl") < "5.2.1"
  handle <- curl::handle_setheaders(curl::new_handle(), .list = header)
  is(leaks(curl::curl_fetch_memory(url, handle)), expected)
  if (there("httr2")) is(leaks(httr2::req_perform(httr2::req_headers(httr2::request(url), !!!header))), expected)
  if (there("httr")) is(leaks(httr::GET(url, httr::add_headers(.headers = unlist(header)))), expected)
  is(leaks(download.file(url, tempfile(), method = "libcurl", headers = unlist(header), quiet = TRUE)), name == "apikey")
}

finished()
