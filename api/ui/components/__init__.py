"""The parts that pages are built from: one module a card."""
