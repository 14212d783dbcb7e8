"""The page on which developers read and try the API. Its scripts come from this server: no network is needed."""

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi

DOCS = "/api/docs"
FILES = "/api/docs/files"


def show_docs(app: FastAPI) -> None:
    patch_fastapi(
        app,
        docs_url=DOCS,
        redirect_from_root_to_docs=False,
        title="The API of Nurture",
        swagger_js_url=f"{FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{FILES}/swagger-ui.css",
        swagger_favicon_url=f"{FILES}/favicon-32x32.png",
    )
