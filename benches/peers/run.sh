#!/usr/bin/env bash
# Measures proofup beside Hypothesis and Schemathesis, side by side in one run: benches/peers/run.sh [SECONDS]
#
# SECONDS (15 by default) is how long each part runs; there are five, and three criterion benches. It installs the pinned
# peers into target/peers-venv (this alone asks the package registry), and what is measured talks to 127.0.0.1 only.
# It builds what it measures for release; PROOFUP names another binary.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${1:-15}"
if ((seconds > 30)); then
    echo "each part runs for 30 seconds at most" >&2
    exit 2
fi
peers=benches/peers
venv=target/peers-venv
found=target/peers
mkdir -p "$found"

if [[ ! -x "$venv/bin/st" ]]; then
    python3 -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$peers/requirements.txt"

if [[ -z "${PROOFUP:-}" ]]; then
    cargo build --release --package proofup
    PROOFUP=target/release/proofup
fi
cargo bench --package proofup-benches --bench explore --no-run

echo "1/3 Hypothesis" >&2
"$venv/bin/python" "$peers/moves_hypothesis.py" --seconds "$seconds" >"$found/hypothesis.json"
echo "2/3 criterion benches" >&2
cargo bench --package proofup-benches --bench explore -- --warm-up-time 1 --measurement-time 5 >"$found/criterion.txt" 2>&1
echo "3/3 Schemathesis and explore" >&2
"$venv/bin/python" "$peers/serve_schemathesis.py" "$PROOFUP" --seconds "$seconds" >"$found/served.json"

uname -srm
nproc | sed 's/^/processors: /'
uptime | sed 's/.*load/load/'
"$venv/bin/python" "$peers/table.py" "$found/hypothesis.json" "$found/served.json" target/criterion
