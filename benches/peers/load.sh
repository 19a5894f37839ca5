#!/usr/bin/env bash
# Measures proofup load beside its peers, side by side in one run: benches/peers/load.sh [ROUNDS] [SECONDS] [--only 1,2,3]
#
# ROUNDS (5) interleaved rounds, each client at work for SECONDS (4) in each: ten minutes or so, and at most twice of a
# group again where the machine is restless. Prints a table; the raw rounds go to target/peers/load.json.
#
# On first use it installs the pinned peers below target/ (this alone asks registries): oha and the crate benches/peers/rust by
# cargo, Locust by pip, autocannon by npm. wrk is taken from the path (apt install wrk). What is not there is told as not
# measured. What is measured talks to 127.0.0.1 only.
#
# It builds what it measures for release. PROOFUP and GATEWAY name other binaries: proofup, and the example `gateway` of
# proofup-benches.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

OHA=1.16.0
AUTOCANNON=9.0.0

rounds=5
seconds=4
more=()
numbers=()
while (($#)); do
    case "$1" in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' benches/peers/load.sh
        exit 0
        ;;
    --*=*) more+=("$1") ;;
    --*)
        more+=("$1" "$2")
        shift
        ;;
    *) numbers+=("$1") ;;
    esac
    shift
done
rounds="${numbers[0]:-$rounds}"
seconds="${numbers[1]:-$seconds}"
if ((rounds < 1 || rounds > 20 || seconds < 1 || seconds > 10)); then
    echo "1 to 20 rounds, and 1 to 10 seconds" >&2
    exit 2
fi

peers=benches/peers
target="$PWD/target"
mkdir -p "$target/peers"

# Whatever fails here is missing later, and told then.
try() {
    "$@" >>"$target/peers/install.log" 2>&1 || echo "could not: $* (see target/peers/install.log)" >&2
}

if ! "$target/peers-tools/bin/oha" --version 2>/dev/null | grep -qF "$OHA"; then
    try cargo install oha --version "$OHA" --locked --root "$target/peers-tools" \
        --target-dir "$target/peers-tools/build"
fi
if [[ ! -x "$target/peers-venv/bin/python" ]]; then
    try python3 -m venv "$target/peers-venv"
fi
if [[ ! -x "$target/peers-venv/bin/locust" ]]; then
    locust="$(grep '^locust==' "$peers/requirements.txt")"
    try "$target/peers-venv/bin/python" -m pip install --quiet --disable-pip-version-check "$locust"
fi
if ! grep -qF "\"version\": \"$AUTOCANNON\"" "$target/peers-npm/node_modules/autocannon/package.json" 2>/dev/null; then
    try npm install --prefix "$target/peers-npm" --no-audit --no-fund --no-save "autocannon@$AUTOCANNON"
fi
try cargo build --release --locked --quiet --manifest-path "$peers/rust/Cargo.toml" --target-dir "$target/peers-rust"

if [[ -z "${PROOFUP:-}" ]]; then
    cargo build --release --package proofup
    PROOFUP="$target/release/proofup"
fi
if [[ -z "${GATEWAY:-}" ]]; then
    cargo build --release --package proofup-benches --example gateway
    GATEWAY="$target/release/examples/gateway"
fi

exec python3 -B "$peers/load" \
    --proofup "$PROOFUP" \
    --gateway "$GATEWAY" \
    --oha "$target/peers-tools/bin/oha" \
    --locust "$target/peers-venv/bin/locust" \
    --autocannon "$target/peers-npm" \
    --peers "$target/peers-rust/release" \
    --json "$target/peers/load.json" \
    --rounds "$rounds" --seconds "$seconds" "${more[@]}"
