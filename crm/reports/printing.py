"""A review's PDF, made in a process of its own: charts and fonts take 200 MB that a server would keep for good."""

import os
import subprocess
import sys
from pathlib import Path

from crm.errors import TimedOut
from crm.reports.blocks import CampaignReview
from crm.reports.words import Language

PATIENCE_SECONDS = 60.0
"""A PDF takes two to three seconds, most of them to start; a busy machine may take ten times that."""
ROOT = Path(__file__).parents[2]
MODULE = "crm.reports.printing"


def print_review(review: CampaignReview, *, language: Language = "en") -> bytes:
    """The PDF of a review. Raises TimedOut when it is not there after `PATIENCE_SECONDS`."""
    command = [sys.executable, "-m", MODULE, language]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    given = review.model_dump_json().encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, input=given, capture_output=True, env=environment, timeout=PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut("the PDF took too long; try again in a moment") from error
    if done.returncode:
        raise RuntimeError(f"a PDF could not be made: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


def main() -> None:
    from crm.reports.pdf import render_pdf  # noqa: PLC0415 - what the server is to be spared

    review = CampaignReview.model_validate_json(sys.stdin.buffer.read())
    language: Language = "zh" if sys.argv[1:] == ["zh"] else "en"
    sys.stdout.buffer.write(render_pdf(review, language=language))


if __name__ == "__main__":
    main()
