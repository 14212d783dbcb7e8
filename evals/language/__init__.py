"""Does the assistant understand? Cases in the format of the language specification, scored by what the words denote."""
