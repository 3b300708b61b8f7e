# Prints, as JSON, the folders in which an interpreter finds packages, and HTTPie (run by it) finds plugins. It must
# also run on a Python that is too old for the package, to print its version.
import sys

del sys.path[0]  # the current folder

import json
import os
import site
import sysconfig


def config_folder():
    """Return HTTPie's folder by its own rule (httpie/config.py)."""
    if os.environ.get("HTTPIE_CONFIG_DIR"):
        return os.environ["HTTPIE_CONFIG_DIR"]
    if os.name == "nt":
        return os.path.expandvars("%APPDATA%\\httpie")
    legacy = os.path.expanduser("~/.httpie")
    if os.path.exists(legacy):
        return legacy
    return os.path.join(os.environ.get("XDG_CONFIG_HOME", os.path.expanduser("~/.config")), "httpie")


def inside(folder):
    """Report whether the interpreter searches a folder."""
    return os.path.realpath(folder) in [os.path.realpath(each) for each in sys.path]


def problem(packages, isolated):
    """Return why the interpreter does not find what is in its folder for packages, or nothing."""
    if not os.path.isabs(packages):
        return "its folder for your own packages is not absolute (see HOME and PYTHONUSERBASE): " + packages
    if isolated:
        return "" if inside(packages) else "it does not search its own site-packages, " + packages
    if os.environ.get("PYTHONNOUSERSITE"):  # the interpreter that runs this ignores it
        return "PYTHONNOUSERSITE is set, so it does not search your own site-packages"
    if site.ENABLE_USER_SITE is not True:
        return "it does not search your own site-packages (site.ENABLE_USER_SITE)"
    return ""


def has(package):
    """Report whether a package is on sys.path, or in the user's own folder, which an isolated interpreter leaves out."""
    return any(os.path.isdir(os.path.join(f, package)) for f in sys.path + [site.getusersitepackages()])


def where():
    plugins = os.path.join(config_folder(), "plugins")
    conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
    isolated = conda or sys.prefix != getattr(sys, "base_prefix", sys.prefix)
    packages = sysconfig.get_path("purelib") if isolated else site.getusersitepackages()
    return {
        "executable": sys.executable,
        "version": list(sys.version_info[:2]),
        "packages": packages,
        "cgpclient": has("cgpclient"),
        "problem": problem(packages, isolated),
        "plugins": os.path.abspath(sysconfig.get_path("purelib", vars={"base": plugins})),
    }


sys.stdout.write("\n" + json.dumps(where()) + "\n")
