"""The kill test: workers die at random moments, and a provider's own log says what went out."""
