#!/bin/sh
# Says which programs the named groups of checks need and are missing. With "install", or with CI=true, it installs them
# first, if apt-get can do it without asking. With CI=true it fails if one is missing then.
# usage: .dev/deps.sh [install] test|fleet|clients|lint|bench|soak|release|packages...
set -eu

# program, its Debian package, whether it exists on Linux only, the groups that need it
table='
/usr/bin/time        time           linux bench
age                  age            linux test
aria2c               aria2          linux test
aws                  awscli         linux test
bash                 bash           any   test
bcftools             bcftools       linux clients
bcftools             bcftools       linux test
busybox              busybox-static linux test,fleet
cargo                cargo          linux clients
chromium             chromium       linux clients
curl                 curl           any   test
cwltool              cwltool        linux clients
dash                 dash           linux test
davix-get            davix          linux clients
dh_bash-completion   bash-completion linux test
dbus-daemon          dbus           linux test,bench,soak
dbus-run-session     dbus           linux test
dbus-send            dbus-bin       linux test
fish                 fish           any   test
ganesha.nfsd         nfs-ganesha    linux fleet
gcc                  gcc            linux test
fusermount3          fuse3          linux test
git                  git            any   test,lint
gnome-keyring-daemon gnome-keyring  linux test,bench,soak
gpg                  gnupg          linux test
http                 httpie         any   test
httpx                python3-httpx  any   test
hyperfine            hyperfine      any   bench
igv                  igv            linux test
ip                   iproute2       linux test,fleet
javac                default-jdk-headless linux clients
jq                   jq             any   test
keepassxc            keepassxc      linux test
keyctl               keyutils       linux test
linux.uml            user-mode-linux linux fleet
man                  man-db         linux test
mcs                  mono-mcs       linux clients
node                 nodejs         any   test
npm                  npm            any   clients
munged               munge          linux test
openssl              openssl        any   test
pass                 pass           linux test
PicardCommandLine    picard-tools   linux clients
mono                 mono-runtime   linux clients
pkcs11-tool          opensc         linux test
perf                 linux-perf     linux bench
php                  php-cli        any   clients
python3              python3        any   test
rclone               rclone         linux test
rustc                rustc          linux clients
redis-server         redis-server   linux test
rpcbind              rpcbind        linux fleet
Rscript              r-base-core    linux test,clients
ruby                 ruby           any   clients
samtools             samtools       linux test
sbatch               slurm-client   linux test
script               bsdutils       linux test
secret-tool          libsecret-tools linux test,bench
setfacl              acl            linux test
setpriv              util-linux     linux test
shasum               perl           any   test
slurmctld            slurmctld      linux test
slurmd               slurmd         linux test
snakemake            snakemake      linux fleet,clients
softhsm2-util        softhsm2       linux test
shellcheck           shellcheck     any   lint
ssh-agent            openssh-client any   test
strace               strace         linux test
swtpm                swtpm          linux test
tpm2_sign            tpm2-tools     linux test
tabix                tabix          linux clients
systemd-analyze      systemd        linux test
unshare              util-linux     linux test,soak
unzip                unzip          any   test
valgrind             valgrind       linux bench
Xvfb                 xvfb           linux test
wget                 wget           any   test
wget2                wget2          any   clients
zip                  zip            any   test,release
faketime             faketime       linux release
jq                   jq             any   release
msibuild             msitools       linux release
wixl                 wixl           linux release
bsdtar               libarchive-tools linux packages
curl                 curl           any   packages
git                  git            any   packages
lintian              lintian        linux packages
man                  man-db         linux packages
minisign             minisign       any   packages,test
pacman               pacman-package-manager linux packages
rpm                  rpm            linux packages
rpmlint              rpmlint        linux packages
ruby                 ruby           any   packages
zsh                  zsh            any   test
'

# missing prints the packages of the table, or with "programs" the programs, that are not here.
missing() {
	echo "$table" | while read -r program package system groups; do
		[ -n "$program" ] || continue
		[ "$system" = any ] || [ "$(uname -s)" = Linux ] || continue
		for group in $wanted; do
			case ,$groups, in
			*",$group,"*) command -v "$program" >/dev/null 2>&1 || if [ "$1" = programs ]; then echo "$program"; else echo "$package"; fi ;;
			esac
		done
	done | sort -u
	[ "$1" = packages ] && [ "$(uname -s)" = Linux ] || return 0
	# No programs: what the race detector is compiled against, modules of Python, Java and R, and the file systems of
	# ganesha.nfsd.
	case " $wanted " in
	*' test '*)
		[ -e /usr/include/stdlib.h ] || echo libc6-dev
		perl -MLWP::UserAgent -e 1 2>/dev/null || echo libwww-perl
		for module in aiohttp authlib fsspec requests_oauthlib; do
			[ -e "/usr/lib/python3/dist-packages/$module" ] || echo "python3-$(echo "$module" | tr _ -)"
		done
		;;
	esac
	case " $wanted " in
	*' clients '*)
		[ -e /usr/share/java/htsjdk.jar ] || echo libhtsjdk-java
		[ -e /usr/share/java/okhttp.jar ] || echo libokhttp-java
		[ -e /usr/lib/mono/4.5/System.Net.Http.dll ] || echo libmono-system-net-http4.0-cil
		[ -e /usr/share/cargo/registry/ureq-2.6.2 ] || echo librust-ureq-dev
		php -m 2>/dev/null | grep -qx curl || echo php-curl
		for module in boto3 click jwt lxml packaging pandas pydantic pysam pytest requests tabulate urllib3 yaml; do
			/usr/bin/python3 -c "import $module" 2>/dev/null || echo "python3-$module"
		done
		for package in curl httpuv httr httr2 jsonlite; do
			[ -e "/usr/lib/R/site-library/$package" ] || echo "r-cran-$package"
		done
		[ -e /usr/lib/R/site-library/Rsamtools ] || echo r-bioc-rsamtools
		;;
	esac
	case " $wanted " in
	*' fleet '*) ls /usr/lib/*/ganesha/libfsalvfs.so >/dev/null 2>&1 || echo nfs-ganesha-vfs ;;
	esac
}

# as_root runs a command as root, or fails at once.
as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# install_all tries three times: a mirror may be busy, or another apt-get running.
install_all() {
	for pause in 5 15 0; do
		if as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 update >&2 &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@" </dev/null >&2; then
			return 0
		fi
		sleep "$pause"
	done
	return 1
}

install=${CI:-}
if [ "${1:-}" = install ]; then
	install=true
	shift
fi
wanted=$*
packages=$(missing packages)
[ -n "$packages" ] || exit 0
if [ "$install" = true ] && command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null; then
	echo "installing what the checks need: $(echo "$packages" | tr '\n' ' ')" >&2
	# shellcheck disable=SC2086 # one argument a package
	install_all $packages || echo "apt-get did not install them all" >&2
fi
programs=$(missing programs | tr '\n' ' ')
[ -n "$programs" ] || exit 0
if [ "${CI:-}" = true ]; then
	echo "missing, so not everything can be checked: $programs" >&2
	exit 1
fi
how=''
[ "$install" = true ] || how=": sh .dev/deps.sh install $wanted installs them on Debian"
echo "missing, so the checks that need them are left out: ${programs% }$how" >&2
