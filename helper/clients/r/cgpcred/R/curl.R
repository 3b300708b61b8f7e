# curl: cgp_fetch(url, "int"), or curl_fetch_memory(url, cgp_handle(url, "int")).

BEARER <- 64L # CURLAUTH_BEARER
HOPS <- 10L # redirects that cgp_fetch follows

# The headers and options of the user that cgp_fetch keeps when a redirect leads to another host: others could hold a
# secret too.
ELSEWHERE_HEADERS <- c("accept", "accept-encoding", "accept-language", "range", "user-agent")
ELSEWHERE_OPTIONS <- c(
  "cainfo", "capath", "connecttimeout", "connecttimeout_ms", "debugfunction", "http_version", "low_speed_limit",
  "low_speed_time", "noprogress", "progressfunction", "proxy", "proxyport", "range", "timeout", "timeout_ms",
  "useragent", "verbose", "xferinfofunction"
)

cgp_handle <- function(url, profile = NULL, headers = character(), ...) {
  need("curl")
  header <- header_for(url, checked_profile(profile))
  prepared(header, headers, list(...), follow = may_follow(header))
}

cgp_fetch <- function(url, profile = NULL, path = NULL, headers = character(), ...) {
  need("curl")
  profile <- checked_profile(profile)
  header <- header_for(url, profile)
  options <- list(...)
  again <- TRUE
  for (hop in 0:HOPS) {
    sent <- covers(header, place_of(url))
    if (place_of(url)$origin != header$asked$origin) {
      headers <- headers[tolower(names(headers)) %in% ELSEWHERE_HEADERS]
      options <- options[names(options) %in% ELSEWHERE_OPTIONS]
    }
    response <- fetch(url, path, prepared(if (sent) header, headers, options))
    if (sent && again && response$status_code == 401L) {
      again <- FALSE
      new <- new_header(url, profile)
      if (new$value != header$value) {
        header <- new
        response <- fetch(url, path, prepared(header, headers, options))
      }
    }
    url <- target(response)
    if (is.null(url)) {
      return(response)
    }
  }
  fail(paste0("the server redirected ", HOPS + 1L, " times, and no further\nhint: check the URL"), 6L)
}

fetch <- function(url, path, handle) {
  if (is.null(path)) curl::curl_fetch_memory(url, handle) else curl::curl_fetch_disk(url, path, handle)
}

# prepared returns a handle with options of the user that sends a header, if one is given, and others.
prepared <- function(header, headers, options, follow = FALSE) {
  handle <- curl::new_handle(.list = options)
  if (!is.null(header) && nzchar(token(header))) {
    curl::handle_setopt(handle, httpauth = BEARER, xoauth2_bearer = token(header))
  } else if (!is.null(header) && nzchar(header$name)) {
    headers[[header$name]] <- header$value
  }
  follow <- follow && !isTRUE(options$followlocation == 0)
  curl::handle_setopt(handle, unrestricted_auth = 0L, followlocation = as.integer(follow))
  curl::handle_setheaders(handle, .list = as.list(headers))
}

# target returns where a response redirects to, or NULL.
target <- function(response) {
  if (!response$status_code %in% c(301L, 302L, 303L, 307L, 308L)) {
    return(NULL)
  }
  lines <- curl::parse_headers(response$headers)
  line <- grep("^location:", lines, ignore.case = TRUE, value = TRUE)
  if (length(line) == 1L) resolved(trimws(sub("^[^:]*:", "", line)), response$url)
}

# may_follow reports whether libcurl may follow redirects with a header: it keeps a token back from other hosts, since
# 7.83 also from other ports and schemes, but sends it to each path of its host, and any other header everywhere.
may_follow <- function(header) {
  if (!nzchar(header$name)) {
    return(TRUE)
  }
  nzchar(token(header)) && whole_host(header) && numeric_version(curl::curl_version()$version) >= "7.83.0"
}

need <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop(paste0("the package ", package, " is missing: install.packages(\"", package, "\")"), call. = FALSE)
  }
}
