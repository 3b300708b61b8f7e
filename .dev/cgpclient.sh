#!/bin/sh
# Makes DIR: NHS-NGS/cgpclient at a fixed commit, and a Python with what it needs, for make clients. The Python is a
# virtual environment if pip reaches a registry, and otherwise Debian's, with fhir.resources from its repository.
# CGPCLIENT_GIT and FHIR_RESOURCES_GIT name other copies of the two repositories.
# usage: .dev/cgpclient.sh DIR
set -eu

commit=23d8ddd2da0b97c832034a2b8ab322a5e17ca0b9
dir=$1
[ ! -e "$dir/made-$commit" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"
git clone -q --no-checkout "${CGPCLIENT_GIT:-https://github.com/NHS-NGS/cgpclient}" "$dir/source"
git -C "$dir/source" checkout -q "$commit"
python3 -m venv "$dir/venv"
if "$dir/venv/bin/pip" -q --disable-pip-version-check --timeout 20 --retries 0 install \
	'pydantic>=2.10.6,<3' 'boto3>=1.34.36' 'requests>=2.31' 'pyjwt>=2.10' 'cryptography>=43' 'pyyaml>=6' \
	'fhir.resources==7.1.0' 'tabulate>=0.9' 'backports.strenum' >"$dir/pip.log" 2>&1; then
	ln -s "$dir/venv/bin/python3" "$dir/python"
else
	echo "cgpclient: pip reaches no registry ($dir/pip.log): with Debian's packages" >&2
	git -c advice.detachedHead=false clone -q --depth 1 --branch 7.1.0 "${FHIR_RESOURCES_GIT:-https://github.com/nazrulworld/fhir.resources}" "$dir/fhir.resources"
	mv "$dir/fhir.resources/fhir" "$dir/source/fhir"
	ln -s /usr/bin/python3 "$dir/python"
fi
touch "$dir/made-$commit"
