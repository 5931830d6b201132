"""The REST client of one configuration, and the tokens that its writes share with FIX.

Errors  ConfigError for authorities that cannot be read.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from engine.app import loading
from engine.app.account.keys import RestKey
from engine.config.sections import RestSection
from engine.net.rest.client import RestClient
from engine.net.rest.settings import RestSettings
from engine.net.rest.tokens import SharedWrites, Tokens
from engine.net.settings import authorities
from engine.risk import Risk
from engine.runtime.audit import AuditSink


def make_client(
    section: RestSection,
    wall_ns: Callable[[], int],
    clock_ns: Callable[[], int],
    audit: AuditSink | None,
    tell: Callable[[str], object],
    key: RestKey | None = None,
    shared: SharedWrites | None = None,
) -> RestClient:
    """Return a client of the configured venue, not yet connected; `key` is who signs, if that may change.

    Its writes spend the `shared` tokens where there are any.
    """
    address = urlsplit(section.url)
    settings = RestSettings(url=f"{address.scheme}://{address.netloc}", timeout_ns=section.timeout_ns)
    return RestClient(
        settings,
        loading.rest_dialect(section) if key is None else key.current,
        credential=key,
        tokens=Tokens(settings.limits, settings.unused_percent, shared),
        wall_ns=wall_ns,
        clock_ns=clock_ns,
        ssl_context=authorities("rest.ca", section.ca),
        audit=audit,
        tell=tell,
    )


def shared_writes(risk: Risk) -> SharedWrites | None:
    """Return the tokens that orders over FIX spend; None where risk counts none."""
    rate = risk.limits.rate
    return None if rate is None or risk.rate is None else SharedWrites(risk.rate, rate.per_second, rate.burst)
