"""How fast segments are at a million members, with DuckDB on the same rows as the yardstick."""
