"""The Chromium that page tests drive: the machine's own, the distribution's, or Playwright's.

`python -m tests.browser` looks for one and tries to get one; `python -m tests.browser say` ends a check with a line
about what was left out.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LEFT_OUT = (
    "The page tests were LEFT OUT: there is no Chromium. Install one (e.g. apt install chromium) and check again."
)


def find_chromium() -> str | None:
    """The path of a Chromium on this machine; None when there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def get_chromium() -> str | None:
    """A Chromium, installed if that can be done: by the distribution when we may, else by Playwright."""
    if found := find_chromium():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        packages = ("chromium", "fonts-wqy-microhei")
        _tried("apt-get", "update", "-qq", env=quietly)
        _tried("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=quietly)
    if found := find_chromium():
        return found
    _tried(sys.executable, "-m", "playwright", "install", "chromium")
    return find_chromium()


def _tried(*command: str, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip()[-200:]}", file=sys.stderr)


def main() -> int:
    if sys.argv[1:] == ["say"]:
        if find_chromium() is None:
            print(LEFT_OUT)
        return 0
    if get_chromium() is not None:
        return 0
    print(LEFT_OUT, file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
