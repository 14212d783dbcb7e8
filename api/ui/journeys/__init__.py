"""The parts of the pages about journeys."""
