"""The tags and message types that Kalshi's FIX has beside those of `engine.fix`, spelled as the venue does.

Source  Kalshi FIX: order entry, order groups, drop copy, market data, settlement, RFQ.
"""

# Of the standard, but of no other session here
AllocAccount = 79
ExDestination = 100
QuoteID = 117
QuoteReqID = 131
BidPx = 132
OfferPx = 133
BidSize = 134
OfferSize = 135
MiscFeeBasis = 891
NoRelatedSym = 146
CashOrderQty = 152
SubscriptionRequestType = 263
NoMDEntries = 268
MDEntryType = 269
MDEntryPx = 270
MDEntrySize = 271
MDEntryDate = 272
MDEntryTime = 273
MDUpdateAction = 279
MDReqRejReason = 281
QuoteStatus = 297
QuoteCancelType = 298
QuoteRequestType = 303
SecurityTradingStatus = 326
PartyID = 448
PartyRole = 452
NoPartyIDs = 453
SecondaryClOrdID = 526
QuoteRequestRejectReason = 658
LongQty = 704
ShortQty = 705
ClearingBusinessDate = 715
SettlementPrice = 730
TrdType = 828  # 1 is a block trade
LastMkt = 30
TrdMatchID = 880
LastFragment = 893
TradeID = 1003
NoCollateralAmountChanges = 1703
CollateralAmountChange = 1704
CollateralAmountType = 1705
AggressorSide = 2446
SelfTradePreventionType = 2964

# Logon(A)
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

# Orders and their reports
CancelOrderOnPause = 21006
MaxExecutionCost = 21009
SingleMarketCollateralReturn = 21030
RangedMarketCollateralReturn = 21031

# Settlement
MarketSettlementReportID = 20105
TotNumMarketSettlementReports = 20106
MarketResult = 20107
NoMarketSettlementPartyIDs = 20108
MarketSettlementPartyID = 20109
MarketSettlementPartyRole = 20110

# Order groups
OrderGroupID = 20130
OrderGroupAction = 20131
OrderGroupContractsLimit = 20132

# Drop copy
BeginExecID = 21001
EndExecID = 21002
ResendEventCount = 21003
EventResendRejectReason = 21004

# Quotes
MveCollection = 20180
NoLegs = 20181
LegEvent = 20182
LegMarket = 20183
LegSide = 20184
NoRejectParts = 20185
RejectPart = 20186
QuoteRequestRejectCode = 20187
QuoteConfirmStatus = 21010
RfqCancelStatus = 21013
RestRemainder = 21015
ReplaceExisting = 21016
AcceptText = 21022
RfqId = 21023
AcceptedQuoteId = 21024
QuoteAcceptStatus = 21025
TargetCostExcludesFees = 21033
ObscureCreatorId = 21034


class KalshiMsg:
    """MsgType(35) of the venue's own messages, and of those of the standard that only it uses here."""

    EVENT_RESEND_REQUEST = "U1"
    EVENT_RESEND_COMPLETE = "U2"
    EVENT_RESEND_REJECT = "U3"
    MARKET_SETTLEMENT_REPORT = "UMS"
    ORDER_GROUP_REQUEST = "UOG"
    ORDER_GROUP_RESPONSE = "UOH"
    MARKET_DATA_REQUEST = "V"
    MARKET_DATA_SNAPSHOT = "W"
    MARKET_DATA_INCREMENT = "X"
    MARKET_DATA_REJECT = "Y"
    SECURITY_STATUS_REQUEST = "e"
    SECURITY_STATUS = "f"
    QUOTE_REQUEST = "R"
    QUOTE_REQUEST_ACK = "b"
    QUOTE = "S"
    ACCEPT_QUOTE = "UA"
    ACCEPT_QUOTE_STATUS = "UC"
    RFQ_CANCEL = "UE"
    RFQ_CANCEL_STATUS = "UB"
    QUOTE_REQUEST_REJECT = "AG"
    QUOTE_STATUS_REPORT = "AI"
    QUOTE_CANCEL = "Z"
    QUOTE_CANCEL_STATUS = "U9"
    QUOTE_CONFIRM = "U7"
    QUOTE_CONFIRM_STATUS = "U8"
