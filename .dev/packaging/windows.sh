#!/bin/sh
# Makes the MSI in OUT, from the programs in WORK. release.sh calls it.
set -eu
cd "$(dirname "$0")"
installer=$(pwd)/installer.wxs

# guid TEXT is a GUID that always is the same for the same text.
guid() {
	printf '%s' "cgp-cred $1" | sha256sum | tr a-f A-F |
		sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{12\}\).*/\1-\2-8\3-A\4-\5/'
}

# still runs a program for which the time is that of the commit: an MSI has the time at which it was made.
still() {
	faketime -f "$(date -u -d "$MADE" '+%Y-%m-%d %H:%M:%S')" "$@"
}

product="msi $VERSION x64"
name=cgp-cred_${VERSION}_windows_amd64.msi
echo "release: $name"
mkdir -p "$WORK/msi"
cd "$WORK/msi"
cp -p "$WORK"/windows/amd64/*.exe "$WORK/common/LICENSE" "$WORK/common/NOTICES.md" .
# Windows compares three numbers and knows nothing of release candidates.
still wixl -a x64 -D Version="${VERSION%%[-+]*}" -D ProductCode="$(guid "$product")" -D UpgradeCode="$(guid 'msi upgrade')" -o "$name" "$installer"

# wixl can't write the user's Path: "=-" sets it and takes it back at the end, and [~] is what it was. An MSI's tables are
# text with tabs and CRLF.
{
	printf 'Environment\tName\tValue\tComponent_\r\n'
	printf 's72\tl255\tL255\ts72\r\n'
	printf 'Environment\tEnvironment\r\n'
	printf 'Path\t=-Path\t[~];[INSTALLDIR]\tPrograms\r\n'
} >Environment.idt
still msibuild "$name" -i Environment.idt
still msibuild "$name" -q \
	"INSERT INTO InstallExecuteSequence (Action, Sequence) VALUES ('RemoveEnvironmentStrings', 3300)" \
	"INSERT INTO InstallExecuteSequence (Action, Sequence) VALUES ('WriteEnvironmentStrings', 5200)"
# A package has an identity too. wixl makes one by chance.
still msibuild "$name" -s 'cgp-cred' 'The cgp-cred authors' 'x64;1033' "{$(guid "package $VERSION $MADE")}"
mv "$name" "$OUT"
