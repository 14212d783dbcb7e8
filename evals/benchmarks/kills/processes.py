"""Processes that start at once: forked from one that has the product's modules loaded and nothing else."""

import multiprocessing
from multiprocessing.context import ForkServerContext, ForkServerProcess

FORKS: ForkServerContext = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["evals.benchmarks.kills.worker", "evals.benchmarks.kills.provider"])


def close(process: ForkServerProcess) -> None:
    """SIGKILL, and wait until it is gone."""
    process.kill()
    process.join()
    process.close()
