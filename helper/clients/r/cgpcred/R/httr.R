# httr: GET(url, cgp_token("int")).

cgp_token <- function(profile = NULL) {
  need("httr")
  need("curl")
  need("R6")
  self <- NULL # R6 gives each method its own
  class <- R6::R6Class("CGPToken",
    inherit = httr::Token, cloneable = FALSE, parent_env = environment(cgp_token),
    public = list(
      profile = NULL,
      url = NULL, # of the last request
      initialize = function(profile) self$profile <- profile,
      print = function(...) {
        cat("<token of cgp-cred", sprintf(" (%s)", self$profile), ": [redacted]>\n", sep = "")
        invisible(self)
      },
      hash = function() paste("cgp-cred", self$profile),
      cache = function(...) invisible(self),
      load_from_cache = function() FALSE,
      init_credentials = function() invisible(self),
      sign = function(method, url) {
        self$url <- url
        sign_httr(url, self$profile)
      },
      validate = function() !is.null(self$url) && !is.null(find_header(asked_place(self$url), self$profile)),
      can_refresh = function() {
        header <- find_header(asked_place(self$url), self$profile)
        !is.null(header) && nzchar(header$name) && !final(header)
      },
      refresh = function() {
        new_header(self$url, self$profile)
        invisible(self)
      }
    )
  )
  class$new(checked_profile(profile))
}

# sign_httr gives libcurl the token for a request that is about to be sent. httr keeps the headers of a request in its
# response, which R may save into a file, so the token is not one of them.
sign_httr <- function(url, profile) {
  header <- header_for(url, profile)
  if (nzchar(header$name)) {
    if (!nzchar(token(header))) {
      fail(paste0(
        "this profile has an API key, which httr would keep in each response\n",
        "hint: use httr2 with req_cgp(), or cgp_fetch()"
      ), 2L)
    }
    handle <- handle_of("httr")
    if (is.null(handle)) {
      fail("this version of httr can't be given a token\nhint: use httr2 with req_cgp(), or cgp_fetch()")
    }
    curl::handle_setopt(handle, httpauth = BEARER, xoauth2_bearer = token(header))
  }
  follow <- if (may_follow(header)) list() else list(followlocation = 0L)
  do.call(httr::config, c(list(unrestricted_auth = 0L), follow))
}
