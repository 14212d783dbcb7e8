"""Real retail data: The Complete Journey by 84.51 degrees, one year of a US grocer."""

from crm.datasets.complete_journey.load import load_complete_journey

__all__ = ["load_complete_journey"]
