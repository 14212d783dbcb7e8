"""What a request fills in: offers, channels, times, shares, names and references, each with the span that said it."""
