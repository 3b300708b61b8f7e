#!/bin/sh
# Makes the deb, rpm, apk and Arch packages in OUT, from the programs and common files in WORK. release.sh calls it.
set -eu
cd "$(dirname "$0")"
here=$(pwd)
export MAINTAINER="${MAINTAINER:-The cgp-cred authors <cgp-cred@users.noreply.github.com>}"

# layout FORMAT makes root, what a package puts on a system. Only Debian's zsh looks for completions in another folder, and
# only Debian compresses documents.
layout() {
	share=root/usr/share doc=root/usr/share/doc/cgp-cred zsh=site-functions
	[ "$1" != deb ] || zsh=vendor-completions
	rm -rf root
	mkdir -p root/usr/bin $share/man/man1 $share/cgp-cred $doc/docs \
		$share/bash-completion/completions $share/fish/vendor_completions.d $share/zsh/$zsh
	cp -Pp "$WORK/linux/$ARCH/"* root/usr/bin
	cp -p "$WORK"/common/man/*.1 $share/man/man1
	gzip -9n $share/man/man1/*
	cp -Rp "$WORK/common/contrib" $share/cgp-cred/contrib
	cp -p "$WORK"/common/[A-Z]*.md $doc
	cp -p "$WORK"/common/docs/* $doc/docs
	cp -p "$WORK/common/completions/cgp-cred.bash" $share/bash-completion/completions/cgp-cred
	cp -p "$WORK/common/completions/cgp-cred.fish" $share/fish/vendor_completions.d
	for name in git-credential-cgp get_nhs_oauth_token; do
		ln -s cgp-cred $share/bash-completion/completions/$name
		ln -s cgp-cred.fish $share/fish/vendor_completions.d/$name.fish
	done
	cp -p "$WORK/common/completions/_cgp-cred" $share/zsh/$zsh
	case $1 in
	deb)
		mkdir -p $share/lintian/overrides
		cp "$here/lintian-overrides" $share/lintian/overrides/cgp-cred
		{ cat "$here/copyright" && sed -e '1s/.*/License: Expat/' -e '3s/^Copyright (c)/Copyright:/' "$WORK/common/LICENSE" | copyright; } >$doc/copyright
		mv $doc/CHANGELOG.md $doc/changelog
		gzip -9n $doc/*.md $doc/changelog
		;;
	rpm | archlinux)
		mkdir -p $share/licenses/cgp-cred
		cp -p "$WORK/common/LICENSE" $share/licenses/cgp-cred
		;;
	apk) cp -p "$WORK/common/LICENSE" $doc ;;
	esac
	find root -exec touch -h -d "$MADE" {} +
}

# copyright turns LICENSE into fields of Debian's machine-readable form.
copyright() {
	awk '
		NR == 1 { licence = $0; next }
		NR == 3 { print; print licence; next }
		NR > 4 { print $0 == "" ? " ." : " " $0 }
	'
}

# config FORMAT prints the configuration of nfpm. An rpm marks documents, which nfpm takes only one by one.
config() {
	cat "$here/nfpm.yaml"
	[ "$1" = rpm ] || return 0
	mkdir -p marked/usr/share
	for folder in doc man licenses; do
		mv root/usr/share/$folder marked/usr/share
	done
	find marked -type d -path '*/cgp-cred*' | sort | while read -r folder; do
		printf '  - {dst: %s, type: dir}\n' "${folder#marked}"
	done
	find marked -type f | sort | while read -r file; do
		type=doc
		[ "${file##*/}" != LICENSE ] || type=license
		printf '  - {src: %s, dst: %s, type: %s}\n' "$file" "${file#marked}" $type
	done
}

for ARCH in amd64 arm64; do
	export ARCH
	mkdir -p "$WORK/packages/$ARCH"
	cd "$WORK/packages/$ARCH"
	printf -- '- {semver: %s-1, date: %s, packager: %s, deb: {urgency: medium, distributions: [stable]}, changes: [{note: %s}]}\n' \
		"$VERSION" "$MADE" "$MAINTAINER" 'New release. CHANGELOG.md has the changes.' >changelog.yaml
	for format in deb rpm apk archlinux; do
		echo "release: $format for $ARCH"
		layout $format
		config $format >nfpm.yaml
		"$TOOLS/nfpm" package --config nfpm.yaml --packager $format --target "$OUT" >said 2>&1 || {
			cat said >&2
			exit 1
		}
	done
done
