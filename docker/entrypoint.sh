#!/bin/sh
# The containers run the one command, as everybody does: `serve` or `worker` with their arguments.
set -eu
cd "$(dirname "$0")/.."
exec ./etem "$@"
