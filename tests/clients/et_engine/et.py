"""The published `et` command line, as it is, against the server under test."""

import session  # noqa: F401  (points the client at the server before it is imported)

from et_engine_cli.main import cli

cli()
