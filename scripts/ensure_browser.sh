#!/bin/sh
# The page tests drive a Chromium. Use the one on the machine, else install the distribution's.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-wqy-microhei
    exit 0
fi
echo "The page tests need Chromium on the PATH; install it with your package manager and run again." >&2
exit 1
