"""The pages about REST say what the code says, and answers hold every field that the venue declares."""

from typing import Any

import msgspec
import pytest

from engine import fix
from engine.sim.rest.endpoints.refused_orders import TOLD_OTHERWISE
from engine.sim.rest.endpoints.table import OPERATIONS
from engine.sim.rest.faults import RestFaultKind
from engine.sim.rest.settings import RestServerSettings
from tests.support.pages import page, rows, section
from tests.support.sim.kalshi_rest import RAIN, SECOND_NS, SNOW, KalshiSite

PAGE = page("simulated-rest.md")


def test_settings_are_those_of_the_page() -> None:
    told = {row[0]: row[2] for row in rows(section(PAGE, "## Settings"), "key")}
    fields = {field.name: field.default for field in msgspec.structs.fields(RestServerSettings)}
    assert told == {name: str(value) if value != () else "none" for name, value in fields.items()}


def test_faults_are_those_of_the_page() -> None:
    assert [row[0] for row in rows(section(PAGE, "## Faults"), "kind")] == [kind.value for kind in RestFaultKind]


def test_refusals_are_those_of_the_page() -> None:
    told = [tuple(row) for row in rows(section(PAGE, "## Refusals of orders"), "text")]
    assert told == [(text, str(status), code) for text, (status, code, _) in TOLD_OTHERWISE.items()]


def test_operations_have_one_name_and_one_way_each() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS) > 80
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


# Fields that the venue's own client asks for, then those that older clients ask for beside.
FIELDS = {
    "order": "order_id user_id client_order_id ticker outcome_side book_side type status yes_price_dollars"
    " no_price_dollars fill_count_fp remaining_count_fp initial_count_fp taker_fill_cost_dollars"
    " maker_fill_cost_dollars taker_fees_dollars maker_fees_dollars exchange_index side action",
    "fill": "fill_id exchange_index trade_id order_id ticker market_ticker outcome_side book_side count_fp"
    " yes_price_dollars no_price_dollars is_taker fee_cost created_time side action",
    "position": "ticker exchange_index total_traded_dollars position_fp market_exposure_dollars realized_pnl_dollars"
    " fees_paid_dollars last_updated_ts resting_orders_count",
    "event_position": "event_ticker total_cost_dollars total_cost_shares_fp event_exposure_dollars"
    " realized_pnl_dollars fees_paid_dollars",
    "settlement": "ticker exchange_index event_ticker market_result yes_count_fp yes_total_cost_dollars no_count_fp"
    " no_total_cost_dollars revenue settled_time fee_cost value",
    "trade": "trade_id ticker count_fp yes_price_dollars no_price_dollars taker_outcome_side taker_book_side"
    " created_time is_block_trade taker_side",
    "market": "ticker event_ticker market_type yes_sub_title no_sub_title created_time updated_time open_time"
    " close_time latest_expiration_time settlement_timer_seconds status yes_bid_dollars yes_bid_size_fp yes_ask_dollars"
    " yes_ask_size_fp no_bid_dollars no_ask_dollars last_price_dollars volume_fp volume_24h_fp result can_close_early"
    " open_interest_fp notional_value_dollars previous_yes_bid_dollars previous_yes_ask_dollars previous_price_dollars"
    " settlement_bounds_type expiration_value rules_primary rules_secondary price_level_structure price_ranges"
    " exchange_index fractional_trading_enabled liquidity_dollars",
    "event": "event_ticker series_ticker sub_title title collateral_return_type mutually_exclusive settlement_sources"
    " exchange_index available_on_brokers",
    "series": "ticker frequency title category categories contract_url contract_terms_url fee_type fee_multiplier tags"
    " settlement_sources additional_prohibitions exchange_index",
    "balance": "balance balance_dollars portfolio_value updated_ts balance_breakdown",
}


@pytest.fixture
def shown(site: KalshiSite) -> dict[str, Any]:
    site.order("ann", fix.BUY, 300, 4_000)
    site.order("bob", fix.SELL, 100, 4_000)
    site.order("ann", fix.BUY, 100, 4_000, SNOW)
    site.order("bob", fix.SELL, 100, 4_000, SNOW)
    site.life("determine", SNOW, "no", 0)
    site.advance(61 * SECOND_NS)
    client = site.client()
    positions = client.get("/portfolio/positions")
    return {
        "order": client.get("/portfolio/orders")["orders"][0],
        "fill": client.get("/portfolio/fills")["fills"][0],
        "position": positions["market_positions"][0],
        "event_position": positions["event_positions"][0],
        "settlement": client.get("/portfolio/settlements")["settlements"][0],
        "trade": client.get("/markets/trades")["trades"][0],
        "market": client.get(f"/markets/{RAIN}")["market"],
        "event": client.get("/events/KXDEMORAIN-26DEC01")["event"],
        "series": client.get("/series/KXDEMORAIN")["series"],
        "balance": client.get("/portfolio/balance"),
    }


@pytest.mark.parametrize("name", FIELDS)
def test_every_declared_field_is_sent(shown: dict[str, Any], name: str) -> None:
    sent = shown[name]
    assert [field for field in FIELDS[name].split() if sent.get(field) is None] == []


@pytest.mark.parametrize("name", FIELDS)
def test_no_time_is_empty_and_no_value_null(shown: dict[str, Any], name: str) -> None:
    sent = shown[name]
    assert [field for field, value in sent.items() if value is None] == []
    assert [field for field, value in sent.items() if field.endswith("_time") and not value.endswith("Z")] == []
