"""The same small app in seven frameworks: the gallery, a character, a request for a picture, and `/readyz`.

    python -m examples.apps fastapi

runs one on an embedded PostgreSQL, or on the server that DATABASE_URL names, in a database of its own. In production
`uvicorn examples.apps.fastapi:app` and its like find the database by the environment.

Who asks is told by the header field `X-User-Id`, as a gateway behind a log-in would; `examples/auth0.py` shows a
log-in.
"""
