# httr2: request(url) |> req_cgp("int") |> req_perform().

NOT_YET <- structure(0L, by = "cgpcred") # libcurl follows no redirect until sign_httr2 allows it

req_cgp <- function(req, profile = NULL) {
  need("httr2")
  need("curl")
  if (!inherits(req, "httr2_request")) {
    stop("req must be a request of httr2", call. = FALSE)
  }
  follow <- req$options$followlocation
  if (identical(follow, NOT_YET)) {
    follow <- NULL # it has a profile already, which this one replaces
  }
  state <- list2env(parent = emptyenv(), list(
    profile = checked_profile(profile),
    follow = is.null(follow) || follow != 0, # what the user wants
    refused = FALSE
  ))
  req <- httr2::req_options(req, followlocation = NOT_YET, unrestricted_auth = 0L)
  if (is.null(req$policies$error_is_error)) {
    req <- httr2::req_error(req, is_error = is_error, body = not_followed)
  }
  req <- httr2::req_oauth(req, no_token, list(), signing_cache(state))
  if (!is.null(req$policies$auth_sign)) {
    req$policies$auth_sign$fun <- signer(state)
  }
  req
}

# signer returns what httr2 calls with each request before it sends it, from 1.0.6. Some versions say that the token was
# refused by an argument, later ones by the cache's clear.
signer <- function(state) {
  function(req, ..., reauth = FALSE) sign_httr2(req, state, reauth)
}

# signing_cache returns an OAuth cache of httr2, in which no token is ever stored. httr2 before 1.0.6 has no function
# that is given the request: there get, which httr2 calls first, takes the place of the call that adds the token.
signing_cache <- function(state) {
  list(
    get = function() {
      caller <- parent.frame()
      reauth <- isTRUE(caller$reauth)
      caller$req_auth_bearer_token <- function(req, ...) sign_httr2(req, state, reauth)
      no_token()
    },
    set = function(token) invisible(),
    clear = function() state$refused <- TRUE
  )
}

# no_token returns what is never sent: another version of httr2 than those above would be refused with it.
no_token <- function() httr2::oauth_token("[no token]")

# sign_httr2 adds the header to a request that is about to be sent, and lets libcurl follow redirects if the header is
# one that it sends to no other place. The request that the user has stays without it.
sign_httr2 <- function(req, state, reauth) {
  if (shown_only()) {
    return(httr2::req_headers(req, Authorization = "[redacted]"))
  }
  refused <- state$refused || reauth
  state$refused <- FALSE
  header <- (if (refused) new_header else header_for)(req$url, state$profile)
  if (nzchar(header$name)) {
    add <- getExportedValue("httr2", if (exported("req_headers_redacted")) "req_headers_redacted" else "req_headers")
    added <- structure(list(header$value), names = header$name)
    req <- add(req, !!!added)
  }
  if (state$follow && may_follow(header)) {
    req <- httr2::req_options(req, followlocation = 1L)
    handle <- handle_of("httr2")
    if (!is.null(handle)) {
      curl::handle_setopt(handle, followlocation = 1L)
    }
  }
  req
}

# shown_only reports whether the request is not for the server: it is printed.
shown_only <- function() {
  printers <- lapply(Filter(exported, c("req_dry_run", "httr2_translate")), getExportedValue, ns = "httr2")
  callers <- lapply(seq_len(sys.nframe()), sys.function)
  any(vapply(printers, function(p) any(vapply(callers, identical, NA, p)), NA))
}

exported <- function(name) name %in% getNamespaceExports("httr2")

# handle_of returns the curl handle with which a function of a package, which called this one, is about to send a
# request.
handle_of <- function(package) {
  for (frame in rev(sys.frames())) {
    if (identical(topenv(frame), asNamespace(package))) {
      handle <- get0("handle", frame, inherits = FALSE)
      if (inherits(handle, "curl_handle")) {
        return(handle)
      }
    }
  }
  NULL
}

# is_error reports also a redirect that was not followed: the response has not what was asked for.
is_error <- function(resp) httr2::resp_status(resp) >= 400L || redirects(resp)

redirects <- function(resp) {
  httr2::resp_status(resp) %in% c(301L, 302L, 303L, 307L, 308L) && httr2::resp_header_exists(resp, "location")
}

not_followed <- function(resp) {
  if (redirects(resp)) {
    "The redirect was not followed: its target could get the API key, or the token of another API. See ?req_cgp."
  }
}
