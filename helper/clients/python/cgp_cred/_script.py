"""Runs a script of cgpclient with the credential of a profile of cgp-cred: no key file, no token in any file."""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import importlib
import importlib.util
import inspect
import os
import re
import runpy
import shlex
import signal
import sys
from typing import Any, Callable, Iterator, List, NoReturn, Optional, Sequence, Tuple

_USAGE = """usage: python3 -m cgp_cred.cgpclient [--profile NAME] SCRIPT ARGS...

Runs a script of cgpclient (list_files, list_referrals, download_file, upload_file, upload_dragen_run, or a program of
your own that uses cgpclient) with the credential of a profile of cgp-cred instead of a key file. SCRIPT is a path, or
a name that is looked for next to this Python, in the installed cgpclient, and on PATH. Without --profile each URL gets
the credential of the profile that covers it, and a URL of no profile is not requested.
"""

_HELP = "python3 -m cgp_cred.cgpclient --help"

# Hints for scripts that can't be run in this way.
_INSTEAD = {
    "get_nhs_oauth_token": "cgp-cred get --format token",
    "create_apim_keys": "cgp-cred keygen --help",
}

_MOST = 1 << 20  # bytes of a script


class _Problem(Exception):
    """Why a script can't be run, with a hint; the exit status is 2."""

    def __init__(self, text: str, *hints: str) -> None:
        super().__init__("\n".join([f"cgp-cred: {text}", *(f"hint: {hint}" for hint in hints)]))


def main(argv: Sequence[str]) -> int:
    """Run a script. Its own exit status and exceptions pass through, except that there is no credential."""
    try:
        profile, name, args = _parse(argv)
        if not name:
            print(_USAGE, end="")
            return 0
        safe = getattr(sys.flags, "safe_path", False) or sys.flags.isolated
        if not safe:
            del sys.path[0]  # the current folder: modules are searched as Python does for the script itself
        path = _find(name)
        if not safe:
            sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        _prepare(profile)
    except _Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _interrupted()
    return _run(path, args)


def _parse(argv: Sequence[str]) -> Tuple[Optional[str], str, List[str]]:
    """Return the profile, the script and its arguments. Without a script, the usage is asked for."""
    profile = None
    words = list(argv)
    while words and words[0].startswith("-"):
        flag, equals, value = words.pop(0).partition("=")
        if flag in ("-h", "--help"):
            return None, "", []
        if flag != "--profile":
            raise _Problem(f"there is no option {_printable(flag)} before SCRIPT", _HELP)
        if not equals:
            value = words.pop(0) if words else ""
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value) is None:
            raise _Problem(f"{_printable(value)!r} can't be a profile's name", "cgp-cred list")
        profile = value
    if not words or not words[0]:
        raise _Problem("SCRIPT is missing", _HELP)
    return profile, words[0], words[1:]


def _find(name: str) -> str:
    """Return the path of a script of cgpclient."""
    base = os.path.basename(name).partition(".")[0]
    if base in _INSTEAD:
        raise _Problem(f"{base} is not run: it is for private keys in files", _INSTEAD[base])
    installed = _folder()
    if os.path.basename(name) != name:
        if not os.path.isfile(name):
            raise _Problem(f"there is no file {_printable(name)}", _HELP)
        if not _imports_cgpclient(name):
            raise _Problem(f"{_printable(name)} is not a Python program that imports cgpclient", _HELP)
        return name
    found = [path for path in _candidates(name, installed) if os.path.isfile(path)]
    for path in found:
        if _imports_cgpclient(path):
            return path
    if found:
        raise _Problem(f"{_printable(found[0])} is not a Python program that imports cgpclient", _HELP)
    here = f"python3 -m cgp_cred.cgpclient {shlex.quote(os.path.join(os.curdir, _printable(name)))}"
    hints = [f"give its path: {here}"] if os.path.isfile(name) else [f"give the script's path: {_HELP}"]
    raise _Problem(f"there is no script {_printable(name)} of cgpclient", *hints)


def _folder() -> str:
    """Return the folder of the installed cgpclient."""
    try:
        spec = importlib.util.find_spec("cgpclient")
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin:
        python = shlex.quote(_printable(sys.executable or "python3"))
        raise _Problem(
            f"cgpclient is not installed for this Python, {python}",
            "run the Python that has it; this package gets there with: cgp-cred clients install python --python PATH",
        )
    return os.path.dirname(spec.origin)


def _candidates(name: str, installed: str) -> Iterator[str]:
    folders = [
        os.path.dirname(sys.executable or ""),
        os.path.join(installed, "scripts"),
        os.path.join(installed, "scripts", "utils"),
        *os.environ.get("PATH", "").split(os.pathsep),
    ]
    for folder in folders:
        if os.path.isabs(folder):
            yield os.path.join(folder, name)
            yield os.path.join(folder, name + ".py")


def _imports_cgpclient(path: str) -> bool:
    """Report whether a file is Python source that imports cgpclient."""
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST + 1)
        tree = ast.parse(text) if len(text) <= _MOST else ast.parse("")
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            names.append(node.module or "")
        elif isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
    return any(name.partition(".")[0] == "cgpclient" for name in names)


def _prepare(profile: Optional[str]) -> None:
    """Let cgpclient take its credentials from cgp-cred."""
    try:
        auth = importlib.import_module("cgpclient.auth")
        client = importlib.import_module("cgpclient.client")
    except Exception as error:  # whatever a package of another version raises
        raise _Problem(
            f"cgpclient can't be loaded by this Python: {_printable(str(error) or type(error).__name__)}",
            "install cgpclient and what it needs again, or run the Python that has it",
        ) from None
    create = getattr(auth, "create_auth_provider", None)
    kind = getattr(client, "CGPClient", None)
    parameters = inspect.signature(kind.__init__).parameters if inspect.isclass(kind) else {}
    missing = {"auth_provider", "override_api_base_url"} - set(parameters)
    if not callable(create) or missing:
        what = "cgpclient.auth.create_auth_provider" if not callable(create) else "CGPClient(auth_provider=...)"
        raise _Problem(
            f"the installed cgpclient has no {what}: it is too old or too new for this version of cgp-cred",
            "update cgpclient, then cgp-cred",
        )
    unused = _UnusedKeys()
    _replace(create, functools.partial(_provider, create, profile, unused))
    _override(kind)
    _watch_options(unused)


class _UnusedKeys:
    """The options and settings that hold a key; the first provider says that they are not used."""

    def __init__(self) -> None:
        self.found: List[str] = []
        self.said = False

    def add(self, name: str, value: Any) -> None:
        if value is not None and name not in self.found:
            self.found.append(name)

    def say(self) -> None:
        if self.found and not self.said:
            self.said = True
            print(
                f"cgp-cred: not used, from the command line or cgpclient's config file: {', '.join(self.found)}\n"
                "hint: move the keys into the keychain, then remove them there: cgp-cred import",
                file=sys.stderr,
            )


def _provider(
    create: Callable[..., Any],
    profile: Optional[str],
    unused: _UnusedKeys,
    api_host: str,
    api_key: Any = None,
    private_key_pem: Any = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Return what gives a client its headers, in place of cgpclient's create_auth_provider."""
    if api_host.startswith("sandbox."):
        return create(api_host)
    from .cgpclient import CGPAuthProvider

    unused.add("api_key", api_key)
    unused.add("private_key_pem", private_key_pem)
    unused.say()
    return CGPAuthProvider(api_host, profile, guarded=True)


def _replace(old: Any, new: Any) -> None:
    """Replace a function in every module of cgpclient."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "cgpclient":
            continue
        for attribute, value in list(vars(module).items()):
            if value is old:
                setattr(module, attribute, new)


def _override(kind: Any) -> None:
    """Let a client ask its own host for DRS objects, unless its caller says otherwise."""
    original = kind.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        if bound.arguments.get("override_api_base_url") is None:
            bound.arguments["override_api_base_url"] = True
        original(*bound.args, **bound.kwargs)

    kind.__init__ = init


def _watch_options(unused: _UnusedKeys) -> None:
    """Turn --override_api_base_url on by default, and see keys in the config file, which become defaults."""
    add, parse = argparse.ArgumentParser.add_argument, argparse.ArgumentParser.parse_args

    @functools.wraps(add)
    def add_argument(self: Any, *args: Any, **kwargs: Any) -> Any:
        action = add(self, *args, **kwargs)
        if action.dest == "override_api_base_url" and action.default is False:
            action.default = True
        return action

    @functools.wraps(parse)
    def parse_args(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = parse(self, *args, **kwargs)
        for name in ("api_key", "private_key_pem", "private_key_pem_file"):
            unused.add(name.replace("_file", ""), getattr(found, name, None))
        return found

    argparse.ArgumentParser.add_argument = add_argument  # type: ignore[method-assign]
    argparse.ArgumentParser.parse_args = parse_args  # type: ignore[method-assign]


def _run(path: str, args: List[str]) -> int:
    from ._helper import CredentialError

    sys.argv = [path, *args]
    try:
        runpy.run_path(path, run_name="__main__")
    except KeyboardInterrupt:
        _interrupted()
    except Exception as error:
        cause: Optional[BaseException] = error
        while cause is not None and not isinstance(cause, CredentialError):
            cause = cause.__cause__ or cause.__context__
        if cause is not None:
            message = str(cause)
            print(message if message.startswith("cgp-cred") else f"cgp-cred: {message}", file=sys.stderr)
            return cause.status or 1
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != path:
            frames = frames.tb_next  # leave out those of this module
        sys.excepthook(type(error), error.with_traceback(frames or error.__traceback__), frames)
        return 1
    return 0


def _interrupted() -> NoReturn:
    """End as a program does that an interrupt ends."""
    if os.name == "posix":
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(130)


def _printable(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text[:200])
