# usage: Rscript server.R FOLDER
here <- commandArgs(TRUE)[[1L]]
# The random numbers depend on the process, so tests that run at once try different ports.
repeat {
  port <- 20000L + as.integer((Sys.getpid() * 7919 + as.numeric(Sys.time()) * 1000) %% 40000)
  listener <- tryCatch(serverSocket(port), error = function(e) NULL, warning = function(w) NULL)
  if (!is.null(listener)) break
}
writeLines(paste(c(port, Sys.getpid())), file.path(here, "server.part"))
invisible(file.rename(file.path(here, "server.part"), file.path(here, "server")))

answer <- function(con) {
  lines <- character()
  while (length(line <- readLines(con, 1L)) && nzchar(line)) lines <- c(lines, line)
  if (!length(lines)) {
    return()
  }
  header <- function(name) {
    found <- grep(paste0("^", name, ":"), lines, ignore.case = TRUE, value = TRUE)
    if (length(found)) sub("^[^:]*: *", "", found[[1L]]) else ""
  }
  if (nzchar(header("content-length"))) readBin(con, "raw", as.integer(header("content-length")))
  path <- strsplit(lines[[1L]], " ")[[1L]][[2L]]
  cat(paste(header("host"), path, header("authorization"), header("apikey"), header("accept"), sep = " | "), "\n",
    file = file.path(here, "requests"), append = TRUE)
  status <- "200 OK"
  more <- NULL
  wants <- file.path(here, "wants")
  if (startsWith(path, "/redirect/")) {
    status <- "302 Found"
    more <- paste0("Location: ", sub("^/redirect/", "", path))
  } else if (startsWith(path, "/no") || startsWith(path, "/api") && file.exists(wants) &&
    !sub("^Bearer ", "", header("authorization")) %in% readLines(wants)) {
    status <- "401 Unauthorized"
    more <- "WWW-Authenticate: Bearer realm=\"null\",error=\"invalid_token\""
  }
  lines <- c(paste("HTTP/1.1", status), more, "Content-Type: text/plain", "Content-Length: 2", "Connection: close")
  text <- paste(lines, collapse = "\r\n")
  writeBin(charToRaw(paste0(text, "\r\n\r\nok")), con)
}

repeat {
  con <- socketAccept(listener, blocking = TRUE, open = "r+b", timeout = 120)
  try(answer(con), silent = TRUE)
  close(con)
}
