"""Planning and dispatch of messages, timed; and the kill test, which counts what a provider got."""
