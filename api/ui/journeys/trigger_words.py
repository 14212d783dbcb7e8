"""How what starts a journey is called on pages."""

from collections.abc import Mapping

TRIGGER_WORDS: Mapping[str, str] = {
    "audience_at_launch": "An audience, once",
    "key_date": "A date of the member",
    "stage_entered": "A lifecycle stage",
    "event": "Something that happens",
    "by_hand": "By hand",
}
