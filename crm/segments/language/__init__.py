"""From words, English or Chinese, to a typed segment definition, or to a question when the words are ambiguous."""
