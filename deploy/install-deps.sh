#!/bin/sh
# Installs the Debian packages that Ravelin needs to build, run and test. When all are there it says nothing, asks no
# network and takes no time, so that `make run` and `make test` can always call it.
#
#   deploy/install-deps.sh           install what is missing
#   deploy/install-deps.sh --list    print the package names
set -eu

# To build and run.
packages="g++ make duktape-dev node-llhttp node-typescript node-uglify-js libevent-dev libpcre2-dev libsodium-dev
  libdeflate-dev libidn2-dev libunistring-dev tzdata"
# To check and test.
packages="$packages libgtest-dev clang libclang-rt-14-dev clang-format cppcheck"
packages="$packages node-semver node-he node-marked node-moment"  # JavaScript packages that the tests load
packages="$packages python3 python3-pytest python3-pytest-timeout python3-pytest-xdist procps curl"
# To measure against.
packages="$packages wrk php-fpm"

has_package() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Another nginx flavour or a Node of another origin serves as well, and Debian's package would conflict with it.
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || packages="$packages nginx-light"
command -v node >/dev/null 2>&1 || packages="$packages nodejs"

if [ "${1:-}" = --list ]; then
  printf '%s\n' $packages
  exit 0
fi

# One query for the usual case, where nothing is missing.
wanted=$(printf '%s\n' $packages | wc -l)
present=$(dpkg-query -W -f '${db:Status-Status}\n' $packages 2>/dev/null | grep -c '^installed$' || true)
[ "$present" -lt "$wanted" ] || exit 0

missing=
for package in $packages; do
  has_package "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "install-deps.sh: these Debian packages are missing and will be installed:$missing"
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1; then
  as_root=sudo
else
  echo "install-deps.sh: not root and no sudo: install the packages above as root, then try again" >&2
  exit 1
fi

# nginx and php-fpm are wanted as programs that the benchmark starts itself, not as services of this machine.
# invoke-rc.d asks policy-rc.d; where the machine has its own it stays, otherwise ours is there for this run only.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing

for package in $missing; do
  has_package "$package" || {
    echo "install-deps.sh: $package is still missing after apt-get install" >&2
    exit 1
  }
done
