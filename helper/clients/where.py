# Prints, as JSON, the folders in which an interpreter finds packages, and HTTPie (run by it) finds plugins. It must
# also run on a Python that is too old for the package, to print its version.
import json
import os
import site
import sys
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


def has(package):
    """Report whether a package is on sys.path, or in the user's own folder, which an isolated interpreter leaves out."""
    return any(os.path.isdir(os.path.join(f, package)) for f in sys.path + [site.getusersitepackages()])


plugins = os.path.join(config_folder(), "plugins")
conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
isolated = conda or sys.prefix != getattr(sys, "base_prefix", sys.prefix)
print(json.dumps({
    "executable": sys.executable,
    "version": list(sys.version_info[:2]),
    "packages": sysconfig.get_path("purelib") if isolated else site.getusersitepackages(),
    "cgpclient": has("cgpclient"),
    "plugins": os.path.abspath(sysconfig.get_path("purelib", vars={"base": plugins})),
}))
