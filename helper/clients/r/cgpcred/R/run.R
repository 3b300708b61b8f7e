# Runs a program with a standard input from memory. Base R would write it to a file.

# start runs a program, gives it lines and returns its exit status, what it wrote to stdout, and what it said on stderr.
start <- function(path, arguments, lines) {
  if (on_windows()) start_windows(path, arguments, lines) else start_unix(path, arguments, lines)
}

time_limit <- function() getOption("cgpcred.timeout", 120)

too_slow <- function() {
  fail(paste0("cgp-cred did not answer within ", format(time_limit()), " s\nhint: cgp-cred status"))
}

# The most bytes for the program, which a named pipe holds before anything reads, and from it.
MOST <- 8000L
MOST_READ <- 1000000L

OTHER_FOLDER <- "hint: set TMPDIR to a folder on a local disk, and start R again"

# start_unix talks to the program through two named pipes in a folder that only this user can open: their data is never
# on disk. R keeps both ends of each open, so that no open waits. Only paths and checked words are part of the shell's
# line. R does not wait in a system call: an interrupt works, the program may ask at the terminal, and a time limit ends
# it.
start_unix <- function(path, arguments, lines) {
  input <- charToRaw(paste0(lines, "\n", collapse = ""))
  if (length(input) > MOST) {
    fail("the request is too long for cgp-cred\nhint: shorten the path of the URL", 3L)
  }
  folder <- tempfile("cgpcred", tempdir(check = TRUE))
  if (!dir.create(folder, showWarnings = FALSE, mode = "0700")) {
    fail(paste0("the session's temporary folder can't be written\n", OTHER_FOLDER))
  }
  on.exit(unlink(folder, recursive = TRUE))
  stdin <- named_pipe(folder, "in", blocking = TRUE)
  on.exit(close(stdin), add = TRUE, after = FALSE)
  stdout <- named_pipe(folder, "out", blocking = FALSE)
  on.exit(close(stdout), add = TRUE, after = FALSE)
  writeBin(input, stdin)

  file <- function(name) shQuote(file.path(folder, name))
  words <- paste(c(shQuote(path), arguments), collapse = " ")
  line <- paste0(
    "{ ", words, " <", file("in"), " >", file("out"), " 2>", file("said"),
    " & echo $! >", file("pid"), "; wait $!; echo $? >", file("status"), "; } 2>/dev/null"
  )
  ended <- FALSE
  on.exit(if (!ended) end(folder), add = TRUE, after = FALSE)
  system(line, wait = FALSE)
  done <- await(folder, stdout)
  ended <- TRUE
  done
}

named_pipe <- function(folder, name, blocking) {
  failed <- function(e) {
    fail(paste0(
      "the session's temporary folder can't hold a named pipe: ", conditionMessage(e),
      "\n", OTHER_FOLDER
    ))
  }
  tryCatch(fifo(file.path(folder, name), "w+b", blocking = blocking), error = failed, warning = failed)
}

# nothing_yet is for a pipe that has no data. R's own time limits come as errors of any call, and have no class.
nothing_yet <- function(e) {
  limits <- c(
    "reached elapsed time limit", "reached CPU time limit", "reached session elapsed time limit",
    "reached session CPU time limit"
  )
  for (limit in limits) {
    if (startsWith(conditionMessage(e), gettext(limit, domain = "R"))) {
      stop(e)
    }
  }
  raw()
}

# await reads what a program writes until it has ended.
await <- function(folder, stdout) {
  began <- proc.time()[["elapsed"]]
  out <- raw()
  pause <- 0.002
  repeat {
    status <- file_text(file.path(folder, "status"))
    out <- c(out, tryCatch(readBin(stdout, "raw", 65536L), error = nothing_yet))
    if (endsWith(status, "\n")) {
      break
    }
    if (length(out) > MOST_READ) {
      fail(paste0("cgp-cred gave an answer that can't be used: it is too long\n", REINSTALL))
    }
    if (proc.time()[["elapsed"]] - began > time_limit()) {
      too_slow()
    }
    Sys.sleep(pause)
    pause <- min(pause * 1.2, 0.05)
  }
  list(status = as.integer(status), out = ascii(out), said = printable(file_text(file.path(folder, "said"))))
}

# end ends a program that did not end by itself, and waits until the shell has noted that: then the folder can go.
end <- function(folder) {
  for (signal in c(SIGTERM, SIGKILL)) {
    sent <- FALSE
    for (i in 1:500) {
      if (endsWith(file_text(file.path(folder, "status")), "\n")) {
        return()
      }
      pid <- suppressWarnings(as.integer(file_text(file.path(folder, "pid"))))
      if (!sent && !is.na(pid)) {
        pskill(pid, signal)
        sent <- TRUE
      }
      Sys.sleep(0.01)
    }
  }
}

# start_windows: R runs programs without a shell there, but has no named pipes for them. What goes into its file of
# input is the place. A token, which only erase has, goes through a pipe, and nothing comes back.
start_windows <- function(path, arguments, lines) {
  if (any(startsWith(lines, "credential="))) {
    words <- paste(c(shQuote(path, if (on_windows()) "cmd" else "sh"), arguments), collapse = " ")
    stdin <- pipe(words, "wb")
    writeBin(charToRaw(paste0(lines, "\n", collapse = "")), stdin)
    status <- close(stdin)
    return(list(status = if (is.null(status)) 0L else as.integer(status), out = "", said = ""))
  }
  said <- tempfile("cgpcred", tempdir(check = TRUE))
  on.exit(unlink(said))
  out <- suppressWarnings(
    system2(path, arguments, stdout = TRUE, stderr = said, input = lines, timeout = time_limit())
  )
  status <- attr(out, "status")
  if (identical(status, 124L)) {
    too_slow()
  }
  list(
    status = if (is.null(status)) 0L else as.integer(status),
    out = if (length(out)) ascii(charToRaw(paste0(out, "\n", collapse = ""))) else "",
    said = printable(file_text(said))
  )
}

file_text <- function(path) {
  if (!file.exists(path)) {
    return("")
  }
  ascii(readBin(path, "raw", 65536L))
}

# ascii returns bytes as text. Those that no answer has become DEL, which no answer has either.
ascii <- function(bytes) {
  bytes[bytes == 0L | bytes > 126L] <- as.raw(127L)
  rawToChar(bytes)
}
