"""Tags of Kalshi's FIX that the standard's list in `engine.fix` does not hold, under the venue's names.

Source  Kalshi FIX: Logon, order entry, reports, order groups, drop copy, market data, settlement, RFQ.
"""

# Standard tags that this venue alone uses here
LastMkt = 30
AllocAccount = 79
ExDestination = 100
QuoteID = 117
QuoteReqID = 131
BidPx, OfferPx = 132, 133
BidSize, OfferSize = 134, 135
NoRelatedSym = 146
CashOrderQty = 152
SubscriptionRequestType = 263
NoMDEntries = 268
MDEntryType, MDEntryPx, MDEntrySize, MDEntryDate, MDEntryTime = 269, 270, 271, 272, 273
MDUpdateAction = 279
MDReqRejReason = 281
QuoteStatus = 297
QuoteCancelStatus = 298
QuoteRequestType = 303
SecurityTradingStatus = 326
PartyID, NoPartyIDs, PartyRole = 448, 453, 452
SecondaryClOrdID = 526
QuoteRequestRejectReason = 658
LongQty, ShortQty = 704, 705
ClearingBusinessDate = 715
SettlementPrice = 730
TrdType = 828
TrdMatchID = 880
MiscFeeBasis = 891
LastFragment = 893
TradeID = 1003
NoCollateralAmountChanges, CollateralAmountChange, CollateralAmountType = 1703, 1704, 1705
AggressorSide = 2446
SelfTradePreventionType = 2964

# Logon
CancelOrdersOnDisconnect = 8013
ListenerSession = 20126
ReceiveSettlementReports = 20127
MessageRetentionPeriod = 20200
UseDollars = 21005
EnableIocCancelReport = 21007
PreserveOriginalOrderQty = 21008
SkipPendingExecReports = 21011
UseExpiredOrdStatus = 21012
AlwaysEmitNewBeforeTrade = 21026
SplitCollateralReturn = 21027
UseCapReservation = 21032

# Orders
CancelOrderOnPause = 21006
MaxExecutionCost = 21009
SingleMarketCollateralReturn, RangedMarketCollateralReturn = 21030, 21031

# Settlement
MarketSettlementReportID = 20105
TotNumMarketSettlementReports = 20106
MarketResult = 20107
NoMarketSettlementPartyIDs, MarketSettlementPartyID, MarketSettlementPartyRole = 20108, 20109, 20110

# Order groups
OrderGroupID, OrderGroupAction, OrderGroupContractsLimit = 20130, 20131, 20132

# Drop copy
BeginExecID, EndExecID, ResendEventCount, EventResendRejectReason = 21001, 21002, 21003, 21004

# RFQ
MveCollection, NoLegs, LegEvent, LegMarket, LegSide = 20180, 20181, 20182, 20183, 20184
QuoteConfirmStatus = 21010
RfqCancelStatus = 21013
RestRemainder = 21015
ReplaceExisting = 21016
SubtraderAccount = 21022
RfqID = 21023
QuoteAcceptID = 21024
QuoteAcceptStatus = 21025
TargetCostExcludesFees = 21033
ObscureCreatorID = 21034
