#!/bin/sh
# Makes the container image in OUT, an OCI archive for linux/amd64 and linux/arm64: the programs, certificate authorities,
# and a user without rights. release.sh calls it.
set -eu
cd "$(dirname "$0")"
user=65532 name=cgp-cred_${VERSION}_oci.tar
echo "release: $name"
image=$WORK/image
mkdir -p "$image/layout/blobs/sha256"
go run -C roots . >"$image/roots.pem"

# blob FILE puts a file among the blobs, and prints its digest and size for a descriptor.
blob() {
	digest=$(sha256sum "$1" | cut -d ' ' -f 1)
	cp "$1" "$image/layout/blobs/sha256/$digest"
	printf '"digest":"sha256:%s","size":%d' "$digest" "$(wc -c <"$1")"
}

# layer ARCH makes layer.tar, all files of the image.
layer() {
	rm -rf "$image/root" "$image/layer.tar"
	mkdir -p "$image/root/etc/ssl/certs" "$image/root/usr/bin" "$image/root/usr/share/doc/cgp-cred" \
		"$image/root/home/cgp-cred" "$image/root/tmp"
	cp "$image/roots.pem" "$image/root/etc/ssl/certs/ca-certificates.crt"
	printf 'root:x:0:0::/:/sbin/nologin\ncgp-cred:x:%s:%s::/home/cgp-cred:/sbin/nologin\n' $user $user >"$image/root/etc/passwd"
	printf 'root:x:0:\ncgp-cred:x:%s:\n' $user >"$image/root/etc/group"
	cp -P "$WORK/linux/$1"/* "$image/root/usr/bin"
	cp "$WORK/common/LICENSE" "$WORK/common/NOTICES.md" "$image/root/usr/share/doc/cgp-cred"
	chmod 1777 "$image/root/tmp"
	chmod 700 "$image/root/home/cgp-cred"
	pack layer.tar --owner=0 --group=0 --exclude=./home/cgp-cred -C "$image/root" .
	pack home.tar --owner=$user --group=$user -C "$image/root" ./home/cgp-cred
	tar -A -f "$image/layer.tar" "$image/home.tar"
}

# pack FILE ARGS... makes a tar file that is the same each time.
pack() {
	file=$image/$1
	shift
	tar --numeric-owner --format=ustar --sort=name --mtime="$MADE" -cf "$file" "$@"
}

labels='"org.opencontainers.image.title":"cgp-cred","org.opencontainers.image.version":"'$VERSION'",
	"org.opencontainers.image.description":"Credentials for APIs behind NHS England'"'"'s API Management",
	"org.opencontainers.image.licenses":"MIT","org.opencontainers.image.created":"'$MADE'"'
[ -z "${HOMEPAGE:-}" ] || labels="$labels,
	\"org.opencontainers.image.source\":\"$HOMEPAGE\""
type=application/vnd.oci.image manifests=''
for arch in amd64 arm64; do
	layer $arch
	gzip -9nc "$image/layer.tar" >"$image/layer.tar.gz"
	cat >"$image/config.json" <<-JSON
		{"created":"$MADE","architecture":"$arch","os":"linux",
		"config":{"User":"$user:$user","Env":["PATH=/usr/bin","HOME=/home/cgp-cred"],"Entrypoint":["/usr/bin/cgp-cred"],
			"WorkingDir":"/home/cgp-cred","Labels":{$labels}},
		"rootfs":{"type":"layers","diff_ids":["sha256:$(sha256sum "$image/layer.tar" | cut -d ' ' -f 1)"]},
		"history":[{"created":"$MADE","created_by":"cgp-cred $VERSION"}]}
	JSON
	cat >"$image/manifest.json" <<-JSON
		{"schemaVersion":2,"mediaType":"$type.manifest.v1+json",
		"config":{"mediaType":"$type.config.v1+json",$(blob "$image/config.json")},
		"layers":[{"mediaType":"$type.layer.v1.tar+gzip",$(blob "$image/layer.tar.gz")}]}
	JSON
	manifests="$manifests${manifests:+,}
		{\"mediaType\":\"$type.manifest.v1+json\",$(blob "$image/manifest.json"),\"platform\":{\"architecture\":\"$arch\",\"os\":\"linux\"}}"
done
cat >"$image/index.json" <<-JSON
	{"schemaVersion":2,"mediaType":"$type.index.v1+json","manifests":[$manifests],
	"annotations":{$labels}}
JSON
cat >"$image/layout/index.json" <<-JSON
	{"schemaVersion":2,"mediaType":"$type.index.v1+json","manifests":[
		{"mediaType":"$type.index.v1+json",$(blob "$image/index.json"),"annotations":{"org.opencontainers.image.ref.name":"$VERSION"}}]}
JSON
printf '{"imageLayoutVersion":"1.0.0"}' >"$image/layout/oci-layout"
pack image.tar --owner=0 --group=0 -C "$image/layout" blobs index.json oci-layout
mv "$image/image.tar" "$OUT/$name"
