"""Thin helpers for web frameworks. Nothing here is imported unless asked for.

- `charmodels.contrib.problems`: errors as problem details (RFC 9457), for any framework.
- `charmodels.contrib.http`: the gallery's parameters, its pages and the request's context, for any framework.
- `charmodels.contrib.fastapi`, `charmodels.contrib.starlette`, `charmodels.contrib.litestar`: both, fitted in.
"""
