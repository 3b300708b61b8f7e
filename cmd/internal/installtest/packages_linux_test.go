//go:build packages && linux

package installtest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// debian does all that its arguments say in this Debian with an upper layer in memory, that ends with it. It prints each
// file of the layer that is left, except those that dpkg and man write for themselves.
const debian = `set -eu
layer=$1
shift
mount -t tmpfs tmpfs "$layer"
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
mkdir "$layer/root/mnt/first" "$layer/root/mnt/next"
mount --bind "$1" "$layer/root/mnt/first"
mount --bind "$2" "$layer/root/mnt/next"
mount -t proc proc "$layer/root/proc"
mount --rbind /dev "$layer/root/dev"
chroot "$layer/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root sh -eu -c "$3"
umount "$layer/root/mnt/first" "$layer/root/mnt/next"
cd "$layer/upper"
find . -type f ! -path './var/lib/dpkg/*' ! -path './var/cache/*' ! -path './var/log/*' ! -path './root/*' | sed 's/^/left: /'
`

// debSteps are what a user of Debian does with the package.
const debSteps = `
dpkg -i /mnt/first/cgp-cred_1.2.3-1_amd64.deb
dpkg --verify cgp-cred
cgp-cred version
cgp-cred-fleet version
get_nhs_oauth_token --help | head -n 3
git credential-cgp capability
for page in $(dpkg -L cgp-cred | sed -n 's|.*/man1/\(.*\)\.1\.gz$|\1|p'); do
	man -P cat "$page" 2>&1 >/tmp/page
	grep -q NAME /tmp/page
done
rm /tmp/page
bash -c '. /usr/share/bash-completion/bash_completion
	for name in cgp-cred git-credential-cgp get_nhs_oauth_token; do _completion_loader $name || :; complete -p $name; done'
test -x /usr/share/cgp-cred/contrib/vault-keystore
test -f /usr/share/zsh/vendor-completions/_cgp-cred
dpkg -i /mnt/next/cgp-cred_1.3.0-1_amd64.deb
cgp-cred version
dpkg -i /mnt/first/cgp-cred_1.2.3-1_amd64.deb
cgp-cred version
dpkg -r cgp-cred
! command -v cgp-cred
! dpkg -s cgp-cred
`

func testDeb(t *testing.T, r *releases) {
	out := command(t, r.root, "unshare", "-m", "sh", "-c", debian, "sh", t.TempDir(), r.first, r.next, debSteps)
	contains(t, out, "\ncgp-cred 1.2.3 (linux/amd64", "\ncgp-cred 1.3.0 ", "\ncgp-cred-fleet 1.2.3 ", "\ncapability authtype\n",
		"Removing cgp-cred", "-F __start_cgp-cred cgp-cred\n", "__start_cgp-cred git-credential-cgp\n", "__start_cgp-cred get_nhs_oauth_token\n")
	if strings.Contains(out, "left: ") {
		t.Errorf("files are left:\n%s", out)
	}
}

// inRoot runs a program of a root.
func inRoot(t *testing.T, root string, argv ...string) string {
	t.Helper()
	return command(t, root, append([]string{"chroot", root}, argv...)...)
}

// checkRoot fails unless a root has all that a package installs, and its programs run.
func checkRoot(t *testing.T, root, version string) {
	t.Helper()
	contains(t, inRoot(t, root, "/usr/bin/cgp-cred", "version"), "cgp-cred "+version+" (linux/amd64")
	contains(t, inRoot(t, root, "/usr/bin/cgp-cred-fleet", "version"), "cgp-cred-fleet "+version)
	contains(t, inRoot(t, root, "/usr/bin/git-credential-cgp", "capability"), "capability authtype")
	contains(t, inRoot(t, root, "/usr/bin/get_nhs_oauth_token", "--help"), "Usage:")
	for _, name := range []string{
		"man/man1/cgp-cred.1.gz", "man/man1/cgp-cred-fleet.1.gz", "man/man1/git-credential-cgp.1.gz", "doc/cgp-cred/NOTICES.md",
		"doc/cgp-cred/docs/install.md", "bash-completion/completions/git-credential-cgp", "fish/vendor_completions.d/cgp-cred.fish",
		"zsh/site-functions/_cgp-cred", "cgp-cred/contrib/tpm2-sign",
	} {
		if info, err := os.Stat(filepath.Join(root, "usr", "share", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// checkEmpty fails if anything in a root has the program's name, or is a plain file outside the package manager's folder.
func checkEmpty(t *testing.T, root string) {
	t.Helper()
	out := command(t, root, "find", ".", "(", "-name", "*cgp*", "-o", "-type", "f", "-o", "-type", "l", ")", "!", "-path", "./var/*", "!", "-path", "./dev/*")
	if out != "" {
		t.Errorf("this is left:\n%s", out)
	}
}

func testRPM(t *testing.T, r *releases) {
	root := t.TempDir()
	rpm := func(args ...string) string {
		t.Helper()
		return command(t, r.root, append([]string{"rpm", "--root", root, "--dbpath", "/var/lib/rpm"}, args...)...)
	}
	first, next := filepath.Join(r.first, "cgp-cred-1.2.3-1.x86_64.rpm"), filepath.Join(r.next, "cgp-cred-1.3.0-1.x86_64.rpm")
	contains(t, rpm("-qip", first), "Build Host  : localhost\n", "License     : MIT\n", "Architecture: x86_64\n")
	rpm("-i", first)
	if said := rpm("-V", "cgp-cred"); said != "" {
		t.Error(said)
	}
	contains(t, rpm("-qd", "cgp-cred"), "/usr/share/man/man1/cgp-cred.1.gz\n", "/usr/share/doc/cgp-cred/README.md\n")
	checkRoot(t, root, "1.2.3")
	rpm("-U", next)
	checkRoot(t, root, "1.3.0")
	rpm("-U", "--oldpackage", first)
	checkRoot(t, root, "1.2.3")
	rpm("-e", "cgp-cred")
	checkEmpty(t, root)
}

func testArch(t *testing.T, r *releases) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "var", "lib", "pacman"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "pacman.conf")
	r.write(config, "[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n")
	pacman := func(args ...string) string {
		t.Helper()
		return command(t, r.root, append([]string{"pacman", "--config", config, "--root", root, "--dbpath", filepath.Join(root, "var", "lib", "pacman"), "--noconfirm"}, args...)...)
	}
	first, next := filepath.Join(r.first, "cgp-cred-1.2.3-1-x86_64.pkg.tar.zst"), filepath.Join(r.next, "cgp-cred-1.3.0-1-x86_64.pkg.tar.zst")
	pacman("-U", first)
	// nfpm writes modes of folders in a way that pacman does not read; what it says of files counts.
	said, _ := attempt(t, r.root, "pacman", "--config", config, "--root", root, "--dbpath", filepath.Join(root, "var", "lib", "pacman"), "-Qkk")
	if bad := regexp.MustCompile(`(?m)^warning: cgp-cred: \S*[^/\s] \(.*`).FindAllString(said, -1); bad != nil || !strings.Contains(said, " total files") {
		t.Error(said)
	}
	checkRoot(t, root, "1.2.3")
	pacman("-U", next)
	checkRoot(t, root, "1.3.0")
	pacman("-U", first)
	checkRoot(t, root, "1.2.3")
	pacman("-R", "cgp-cred")
	checkEmpty(t, root)
}

// testAPK unpacks the package as apk does, which Debian does not have: two gzip streams, the second with the files, whose
// sum is in the first, and each file with its own.
func testAPK(t *testing.T, r *releases) {
	raw := bufio.NewReader(bytes.NewReader(r.read(t, r.first, "cgp-cred_1.2.3-r1_x86_64.apk")))
	info := ""
	untar(t, gunzip(t, raw), func(h *tar.Header, content []byte) {
		if h.Name == ".PKGINFO" {
			info = string(content)
		}
	})
	rest, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(rest)
	contains(t, info, "pkgname = cgp-cred\n", "pkgver = 1.2.3-r1\n", "arch = x86_64\n", "license = MIT\n", "datahash = "+hex.EncodeToString(sum[:])+"\n")
	root, files := t.TempDir(), 0
	untar(t, gunzip(t, bufio.NewReader(bytes.NewReader(rest))), func(h *tar.Header, content []byte) {
		path := filepath.Join(root, h.Name)
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o755)
		case tar.TypeSymlink:
			err = os.Symlink(h.Linkname, path)
		default:
			files++
			sum := sha1.Sum(content)
			if got := h.PAXRecords["APK-TOOLS.checksum.SHA1"]; got != hex.EncodeToString(sum[:]) {
				t.Errorf("%s: the sum is %q", h.Name, got)
			}
			err = os.WriteFile(path, content, h.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if files < 50 {
		t.Errorf("%d files", files)
	}
	checkRoot(t, root, "1.2.3")
}

// gunzip unpacks one gzip stream, and leaves what follows it.
func gunzip(t *testing.T, r *bufio.Reader) []byte {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// untar calls each for the members of an archive, which may lack its end.
func untar(t *testing.T, archive []byte, each func(h *tar.Header, content []byte)) {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		each(h, content)
	}
}

// testLinters: Debian's linter and that of rpm find nothing but what the overrides name.
func testLinters(t *testing.T, r *releases) {
	for _, arch := range []string{"amd64", "arm64"} {
		if out := command(t, r.first, "lintian", "--allow-root", "-EIL", "+pedantic", "cgp-cred_1.2.3-1_"+arch+".deb"); out != "" {
			t.Errorf("lintian: %s", out)
		}
	}
	config, err := filepath.Abs("../../../.dev/packaging")
	if err != nil {
		t.Fatal(err)
	}
	// rpmlint unpacks with cpio, which takes the absolute names in a package of nfpm for places of this machine.
	const rpmlint = "rpmlint -c /mnt/next/rpmlint.toml /mnt/first/cgp-cred-1.2.3-1.x86_64.rpm /mnt/first/cgp-cred-1.2.3-1.aarch64.rpm"
	out := command(t, r.root, "unshare", "-m", "sh", "-c", debian, "sh", t.TempDir(), r.first, config, rpmlint)
	contains(t, out, " 0 errors, 0 warnings")
}
