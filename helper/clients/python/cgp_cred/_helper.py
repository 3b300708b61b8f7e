"""Asks cgp-cred for headers over its standard input, and stores them in this process's memory."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import subprocess
import threading
import time
from typing import Dict, List, Optional, Tuple

from ._header import Header, OldHelperError, parse_answer
from ._installed import PROGRAM, VERSION
from ._place import Place, place_of
from ._proxy import proxy_in_the_way

_log = logging.getLogger("cgp_cred")

_REINSTALL = "hint: run this again: cgp-cred clients install python"


class CredentialError(Exception):
    """There is no credential; the message says why and what to do next.

    ``status`` is the exit status of cgp-cred: 2 usage, 3 no such profile or none that covers the URL, 4 keychain,
    5 refused, 6 network, 7 try again. It is None if cgp-cred did not run, did not end or gave an unusable answer.
    """

    def __init__(self, message: str, status: Optional[int] = None) -> None:
        super().__init__(message)
        self.status = status


class Helper:
    """Gets the headers of one profile, or without a name, of the profile that covers each URL. Threads may share it.

    ``timeout`` limits one run of cgp-cred, in seconds.
    """

    def __init__(self, profile: Optional[str] = None, *, timeout: float = 120.0) -> None:
        self.profile = profile or None
        self.timeout = timeout

    def kept(self, url: str) -> Optional[Header]:
        """Return the stored header for a URL, or None. It never waits."""
        place = _place(url)
        return self._origin(place).find(place)

    def header(self, url: str) -> Header:
        """Return the header for a URL. One thread asks cgp-cred; the threads that wait get its answer, or its failure.

        Raises CredentialError; the message has only the origin of the URL.
        """
        place = _place(url)
        return self._header(place)

    def header_for_host(self, url: str) -> Header:
        """Return the header for a URL's host, if the path is not known yet."""
        return self._header(_place(url)._replace(path=""))

    def replace(self, url: str, refused: Header) -> Optional[Header]:
        """Return a new header after a server refused one with 401, or None without another header.

        The refused token is erased from cgp-cred's cache. A new header that is itself a replacement is not replaced
        again: the refusal is final.
        """
        place = _place(url)
        origin = self._origin(place)
        with origin.lock:
            found = origin.find(place)
            if found is not None and found.value != refused.value:
                return found
            if refused.final():
                return None
            origin.drop(refused)
            if refused.token:
                self._erase(place, refused.token)
            header = self._ask(place, replaces=True)
            origin.keep(header)
        return None if header.value == refused.value else header

    def _header(self, place: Place) -> Header:
        origin = self._origin(place)
        found = origin.find(place)
        if found is not None:
            return found
        began = time.monotonic()
        with origin.lock:
            found = origin.find(place)
            if found is None:
                origin.raise_failure(place, began)
                try:
                    found = self._ask(place)
                except CredentialError as error:
                    origin.failure = (time.monotonic(), place.path, str(error), error.status)
                    raise
                origin.keep(found)
        return found

    def _origin(self, place: Place) -> _Origin:
        chosen = self.profile or "?" + os.environ.get("CGP_CRED_PROFILE", "")
        key = (chosen, place.origin)
        with _guard:
            return _origins.setdefault(key, _Origin())

    def _ask(self, place: Place, *, replaces: bool = False) -> Header:
        out = self._run("get", _request(place, "capability[]=header"))
        try:
            header = parse_answer(out, place, replaces=replaces)
        except OldHelperError:
            raise self._too_old() from None
        except ValueError as error:
            raise CredentialError(f"cgp-cred gave an answer that can't be used: {error}\n{_REINSTALL}") from None
        if header is None:
            name = f"profile {self.profile!r} does not cover" if self.profile else "no profile covers"
            raise CredentialError(f"cgp-cred: {name} this place on {place.origin}\nhint: cgp-cred list", 3)
        return header

    def _erase(self, place: Place, token: str) -> None:
        try:
            self._run("erase", _request(place, "authtype=Bearer", f"credential={token}"))
        except CredentialError as error:  # then the next answer is the same token, which is not sent again
            _log.warning("%s", error)

    def _too_old(self) -> CredentialError:
        """Return the error for a cgp-cred that is older than this package needs."""
        try:
            version = str(json.loads(self._output([_program(), "version", "--json"]))["version"])
        except (CredentialError, ValueError, KeyError, TypeError):
            version = "of an unknown version"
        return CredentialError(
            f"{_printable(_program())} is cgp-cred {_printable(version)}, which is too old for this package, "
            f"version {VERSION}\nhint: update cgp-cred, then run: cgp-cred clients install python"
        )

    def _run(self, verb: str, request: str) -> str:
        """Run a verb of cgp-cred credential and return its stdout."""
        argv = [_program(), "credential", verb]
        if self.profile is not None:
            if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", self.profile) is None:
                raise CredentialError(f"{_printable(self.profile)!r} can't be a profile's name\nhint: cgp-cred list", 2)
            argv.append(self.profile)
        return self._output(argv, request)

    def _output(self, argv: List[str], request: str = "") -> str:
        """Run cgp-cred and return its stdout. Its warnings go to the log."""
        problem = ""
        try:
            done = subprocess.run(
                argv,
                input=request.encode("ascii"),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=self.timeout,
                check=False,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except subprocess.TimeoutExpired:
            problem = f"cgp-cred did not answer within {self.timeout:g} s\nhint: cgp-cred status"
        except OSError as error:
            problem = f"{_printable(argv[0])} can't be run: {error.strerror}\n{_REINSTALL}"
        if problem:  # raised here, so that the exception does not hold the other one with the output
            raise CredentialError(problem)
        said = _printable(done.stderr.decode("ascii", "backslashreplace").strip())
        if done.returncode != 0:
            silent = f"cgp-cred ended with status {done.returncode} and no message\nhint: cgp-cred status"
            raise CredentialError(said or silent, done.returncode)
        for line in said.splitlines():
            _log.warning("%s", line)
        return done.stdout.decode("ascii", "backslashreplace")


class _Origin:
    """The headers and the last failure of one profile and origin."""

    def __init__(self) -> None:
        self.lock = threading.Lock()  # held while cgp-cred is asked
        self.headers: Tuple[Header, ...] = ()  # replaced as a whole, so that it is read without the lock
        self.failure: Optional[Tuple[float, str, str, Optional[int]]] = None  # when (monotonic), path, message, status

    def find(self, place: Place) -> Optional[Header]:
        for header in self.headers:
            if header.covers(place) and header.fresh():
                return header
        return None

    def keep(self, header: Header) -> None:
        self.failure = None
        fresh = tuple(h for h in self.headers if h.fresh() and not header.covers(h.asked))
        self.headers = (header, *fresh)[:64]

    def drop(self, header: Header) -> None:
        self.headers = tuple(h for h in self.headers if h.value != header.value)

    def raise_failure(self, place: Place, began: float) -> None:
        """Raise a failure from while this thread waited, if this thread would get the same one."""
        if self.failure is None:
            return
        when, path, message, status = self.failure
        if when >= began and (path == place.path or status != 3):
            raise CredentialError(message, status)


_guard = threading.Lock()
_origins: Dict[Tuple[str, str], _Origin] = {}


def _forget() -> None:
    """Start empty in a forked child: a thread that the child does not have could hold a lock."""
    global _guard, _origins
    _guard = threading.Lock()
    _origins = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _place(url: str) -> Place:
    try:
        place = place_of(url)
    except ValueError as error:
        message = f"cgp-cred was not asked: {error}\nhint: give a URL such as https://HOST/PATH"
        raise CredentialError(message, 3) from None
    problem = proxy_in_the_way(place)
    if problem is not None:
        raise CredentialError(problem, 6)
    return place


def _request(place: Place, *lines: str) -> str:
    parts = [*lines, f"protocol={place.scheme}", f"host={place.host}"]
    if place.path:
        parts.append(f"path={place.path}")
    return "\n".join(parts) + "\n\n"


def _program() -> str:
    """Return the absolute path of cgp-cred: the one that wrote this package, otherwise the first on PATH.

    It skips the current folder and relative folders.
    """
    if PROGRAM:
        return PROGRAM
    name = "cgp-cred.exe" if os.name == "nt" else "cgp-cred"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        found = shutil.which(os.path.join(folder, name)) if os.path.isabs(folder) else None
        if found is not None:
            return found
    raise CredentialError("cgp-cred is not on PATH\nhint: install it, then run: cgp-cred clients install python")


def _printable(text: str) -> str:
    """Return text that is safe to print on a terminal, cut to 2000 characters."""
    return re.sub(r"[^\n -~]", "?", text[:2000])
