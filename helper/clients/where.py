# Prints, as JSON, the folder in which an interpreter finds packages and the one in which its HTTPie finds plugins. It
# must also run on Pythons that are too old for the package, to print their version.
import json
import os
import site
import sys
import sysconfig


def config_folder():
    """HTTPie's own rule (httpie/config.py)."""
    if os.environ.get("HTTPIE_CONFIG_DIR"):
        return os.environ["HTTPIE_CONFIG_DIR"]
    if os.name == "nt":
        return os.path.expandvars("%APPDATA%\\httpie")
    legacy = os.path.expanduser("~/.httpie")
    if os.path.exists(legacy):
        return legacy
    return os.path.join(os.environ.get("XDG_CONFIG_HOME", os.path.expanduser("~/.config")), "httpie")


plugins = os.path.join(config_folder(), "plugins")
virtual = sys.prefix != getattr(sys, "base_prefix", sys.prefix)
isolated = virtual or os.path.isdir(os.path.join(sys.prefix, "conda-meta"))
print(json.dumps({
    "executable": sys.executable,
    "version": list(sys.version_info[:2]),
    "packages": sysconfig.get_path("purelib") if isolated else site.getusersitepackages(),
    "plugins": os.path.abspath(sysconfig.get_path("purelib", vars={"base": plugins})),
}))
