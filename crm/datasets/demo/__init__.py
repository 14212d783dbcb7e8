"""The demo world: deterministic by seed, size and first day."""

from crm.datasets.demo.load import load_demo

__all__ = ["load_demo"]
