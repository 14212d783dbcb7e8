"""The web pages, built with NiceGUI over the same services as the JSON API."""
