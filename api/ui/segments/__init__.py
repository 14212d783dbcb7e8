"""Making, counting and explaining a segment on its page."""
