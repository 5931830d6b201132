"""The REST side of one engine: a client of its own, and the account that is compared through it.

Errors  ConfigError at construction; afterwards what fails is told, and trading waits where it must.
Thread  the loop thread; the audit log has one of its own.
"""

import asyncio
import random
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from engine.app import loading
from engine.app.account.reading import AccountReader
from engine.app.account.watch import AccountWatch
from engine.config.sections import RestSection
from engine.errors import ConfigError
from engine.net.rest.client import RestClient
from engine.net.rest.settings import RestSettings
from engine.runtime.audit import AuditLog
from engine.runtime.backoff import Backoff
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.reconcile import Reconcile
from engine.trading.supervisor import Supervisor

FIRST_RETRY_NS, LONGEST_RETRY_NS = 500_000_000, 30_000_000_000


class AccountSide:
    """Connects from `start` to `close`; trading waits for what it finds."""

    def __init__(
        self,
        section: RestSection,
        loop: TradingLoop,
        supervisor: Supervisor,
        wall_ns: Callable[[], int],
        clock_ns: Callable[[], int],
    ) -> None:
        self._notices = loop.notices
        self._audit = AuditLog(section.audit, self._tell) if section.audit else None
        self.client = make_client(section, wall_ns, clock_ns, self._audit, self._tell)
        self.watch: AccountWatch | None = None
        self._tasks: list[asyncio.Task[None]] = []
        if (dialect := loading.account_dialect(section)) is not None:
            reader = AccountReader(self.client, dialect, wall_ns, asyncio.sleep)
            backoff = Backoff(FIRST_RETRY_NS, LONGEST_RETRY_NS, random.Random())
            reconcile = Reconcile(loop, supervisor.note)
            self.watch = AccountWatch(
                reader, reconcile, loop, wall_ns, supervisor.note, section.compare_every_ns, backoff
            )
            supervisor.account = self.watch

    def start(self) -> None:
        """Connect, learn what the account may spend, and compare from the first logon on."""
        self.client.open()
        if self._audit is not None:
            self._audit.start()
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self._learn()))
        if self.watch is not None:
            self._tasks.append(loop.create_task(self.watch.run()))

    async def close(self) -> None:
        """Stop comparing and disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.close()
        if self._audit is not None:
            self._audit.close()

    def _tell(self, text: str) -> None:
        self._notices.tell(NoticeKind.REST_TROUBLE, text)

    async def _learn(self) -> None:
        for problem in await self.client.learn():
            self._tell(str(problem))


def make_client(
    section: RestSection,
    wall_ns: Callable[[], int],
    clock_ns: Callable[[], int],
    audit: AuditLog | None,
    tell: Callable[[str], object],
) -> RestClient:
    """Return a client of the configured venue, not yet connected."""
    address = urlsplit(section.url)
    return RestClient(
        RestSettings(url=f"{address.scheme}://{address.netloc}", timeout_ns=section.timeout_ns),
        loading.rest_dialect(section),
        wall_ns=wall_ns,
        clock_ns=clock_ns,
        ssl_context=authorities("rest.ca", section.ca),
        audit=audit,
        tell=tell,
    )


def authorities(key: str, file: Path | None) -> ssl.SSLContext | None:
    """Return what trusts the authorities in a file; None without one, for those of the system."""
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{key}: {file} holds no certificates in PEM: {error}") from None
