#!/bin/sh
# Makes DIR: NHSDigital/proxygen-cli at a fixed commit, with the metadata that pip would write, and bin/proxygen-python
# that runs a program with it, for make clients. Debian's Python has no yaspin: the spinner is left out. PROXYGEN_GIT
# names another copy of the repository.
# usage: .dev/proxygen.sh DIR
set -eu

commit=119d047
dir=$1
[ ! -e "$dir/made-$commit" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"
git clone -q --no-checkout "${PROXYGEN_GIT:-https://github.com/NHSDigital/proxygen-cli}" "$dir/source"
git -C "$dir/source" -c advice.detachedHead=false checkout -q "$commit"
mkdir "$dir/source/proxygen_cli-3.0.3.dist-info"
printf 'Metadata-Version: 2.1\nName: proxygen-cli\nVersion: 3.0.3\n' >"$dir/source/proxygen_cli-3.0.3.dist-info/METADATA"
printf 'def yaspin():\n    raise NotImplementedError("left out")\n' >"$dir/source/yaspin.py"
mkdir "$dir/bin"
cat >"$dir/bin/proxygen-python" <<END
#!/bin/sh
PYTHONPATH='$dir/source' exec /usr/bin/python3 "\$@"
END
chmod +x "$dir/bin/proxygen-python"
touch "$dir/made-$commit"
