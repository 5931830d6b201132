"""One connection of a command to a venue's REST: its address, its key, its client, and what was odd.

Errors  ConfigError for a venue, environment, address, key or authority that cannot be used.
"""

import asyncio
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterable

from engine.app import loading
from engine.app.rest_client import make_client
from engine.config.credentials import Credentials
from engine.config.sections import RestSection
from engine.errors import ConfigError
from engine.net.rest.client import RestClient
from engine.venue.account import AccountDialect
from engine.venue.reference import BrowsingDialect

Work = Callable[[RestClient], Awaitable[None]]


def section_of(arguments: Namespace) -> RestSection:
    """Return the [rest] section that the flags stand for."""
    credentials = Credentials(
        key_id_env=arguments.key_id_env,
        private_key_file=arguments.key_file,
        private_key_passphrase_env=arguments.passphrase_env,
    )
    url = arguments.url or _address(arguments.venue, arguments.env)
    try:
        return RestSection(url=url, dialect=arguments.venue, ca=arguments.ca, credentials=credentials)
    except ConfigError as error:
        raise ConfigError(f"--{error}") from None


def browsing_dialect(section: RestSection) -> BrowsingDialect:
    """Return what looks at the venue's markets."""
    dialect = loading.reference_dialect(section)
    if not isinstance(dialect, BrowsingDialect):
        raise ConfigError(f'VENUE: "{section.dialect}" lists no markets')
    return dialect


def account_dialect(section: RestSection) -> AccountDialect:
    """Return what looks at an account, which needs a key."""
    dialect = loading.account_dialect(section)
    if dialect is None:
        raise ConfigError(f'VENUE: "{section.dialect}" tells nothing of accounts')
    if not section.credentials:
        raise ConfigError("an account needs an API key: name --key-id-env and --key-file")
    return dialect


def connected(section: RestSection, work: Work) -> None:
    """Do the work with a client, which goes by the account's limits."""
    client = make_client(section, time.time_ns, time.monotonic_ns, None, lambda text: warn([text]))

    async def run() -> None:
        """Connect, learn the limits, do the work, and disconnect."""
        async with client:
            warn(str(problem) for problem in await client.learn())
            await work(client)

    asyncio.run(run())


def warn(texts: Iterable[str]) -> None:
    """Print what people should know beside the answer."""
    for text in texts:
        print(f"warning: {text}", file=sys.stderr)


def warn_of_oddities(dialect: object) -> None:
    """Print what the dialect did not understand of the answers, where it tells."""
    take = getattr(dialect, "take_oddities", list)
    warn(f"odd in an answer: {text}" for text in take())


def _address(venue: str, environment: str) -> str:
    known = loading.environments(venue)
    if environment not in known:
        names = ", ".join(sorted(known)) or "none: name --url"
        raise ConfigError(f'--env: "{environment}" is no environment of {venue}: there are {names}')
    return f"https://{known[environment]['rest_host']}"
