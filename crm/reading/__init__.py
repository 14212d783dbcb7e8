"""Reads what people and other systems write: days, moments, amounts, names, files. One reader for each kind.

Whatever a reader does not understand without a doubt is refused with a sentence that says what would be right.
"""
