"""The FIX tags, message types and values that the engine uses, spelled as in the standard.

Shapes  a tag is an int, a MsgType and a one-character value are `str`.
Source  FIX 4.4 with Errata 20030618, volumes 1 and 6; tags above 956 from FIX 5.0 SP2.
"""

from engine import units

# Standard header and trailer
BeginString = 8
BodyLength = 9
CheckSum = 10
MsgSeqNum = 34
MsgType = 35
PossDupFlag = 43
SenderCompID = 49
SenderSubID = 50
SendingTime = 52
TargetCompID = 56
TargetSubID = 57
Signature = 89
SecureDataLen = 90
SecureData = 91
SignatureLength = 93
PossResend = 97
OnBehalfOfCompID = 115
OnBehalfOfSubID = 116
OrigSendingTime = 122
DeliverToCompID = 128
DeliverToSubID = 129
SenderLocationID = 142
TargetLocationID = 143
OnBehalfOfLocationID = 144
DeliverToLocationID = 145
XmlData = 213
LastMsgSeqNumProcessed = 369
ApplVerID = 1128

# Session messages
BeginSeqNo = 7
EndSeqNo = 16
NewSeqNo = 36
RefSeqNum = 45
Text = 58
RawDataLength = 95
RawData = 96
EncryptMethod = 98
HeartBtInt = 108
TestReqID = 112
GapFillFlag = 123
ResetSeqNumFlag = 141
RefTagID = 371
RefMsgType = 372
SessionRejectReason = 373
BusinessRejectRefID = 379
BusinessRejectReason = 380
MaxMessageSize = 383
NoMsgTypes = 384
MsgDirection = 385
TestMessageIndicator = 464
Username = 553
Password = 554
NextExpectedMsgSeqNum = 789
RefApplVerID = 1130
RefCstmApplVerID = 1131
DefaultApplVerID = 1137
RefApplExtID = 1406
DefaultApplExtID = 1407
DefaultCstmApplVerID = 1408
SessionStatus = 1409
DefaultVerIndicator = 1410

# Orders and reports
AvgPx = 6
ClOrdID = 11
CumQty = 14
ExecID = 17
ExecInst = 18
ExecRefID = 19
LastPx = 31
LastQty = 32
OrderID = 37
OrderQty = 38
OrdStatus = 39
OrdType = 40
OrigClOrdID = 41
Price = 44
Side = 54
Symbol = 55
TimeInForce = 59
TransactTime = 60
CxlRejReason = 102
OrdRejReason = 103
ExpireTime = 126
NoMiscFees = 136
MiscFeeAmt = 137
MiscFeeCurr = 138
MiscFeeType = 139
ExecType = 150
LeavesQty = 151
ExecRestatementReason = 378
CxlRejResponseTo = 434
MassCancelRequestType = 530
MassCancelResponse = 531
MassCancelRejectReason = 532
TotalAffectedOrders = 533
MassStatusReqID = 584
MassStatusReqType = 585
OrdStatusReqID = 790
TotNumReports = 911
LastRptRequested = 912
AggressorIndicator = 1057

# Positions
Account = 1
PartyIDSource = 447
PartyID = 448
PartyRole = 452
NoPartyIDs = 453
AccountType = 581
NoPositions = 702
PosType = 703
LongQty = 704
ShortQty = 705
PosReqID = 710
ClearingBusinessDate = 715
PosMaintRptID = 721
PosReqType = 724
TotalNumPosReports = 727
PosReqResult = 728
PosReqStatus = 729


class Msg:
    """MsgType(35)."""

    HEARTBEAT = "0"
    TEST_REQUEST = "1"
    RESEND_REQUEST = "2"
    REJECT = "3"
    SEQUENCE_RESET = "4"
    LOGOUT = "5"
    EXECUTION_REPORT = "8"
    ORDER_CANCEL_REJECT = "9"
    LOGON = "A"
    EMAIL = "C"
    NEW_ORDER_SINGLE = "D"
    ORDER_CANCEL_REQUEST = "F"
    ORDER_CANCEL_REPLACE_REQUEST = "G"
    ORDER_STATUS_REQUEST = "H"
    ORDER_MASS_STATUS_REQUEST = "AF"
    REQUEST_FOR_POSITIONS = "AN"
    REQUEST_FOR_POSITIONS_ACK = "AO"
    POSITION_REPORT = "AP"
    SECURITY_DEFINITION = "d"
    ORDER_MASS_CANCEL_REQUEST = "q"
    ORDER_MASS_CANCEL_REPORT = "r"
    BUSINESS_MESSAGE_REJECT = "j"


# Side(54) as a number: the wire digit is the same.
BUY, SELL = units.Side.BUY, units.Side.SELL


class Type:
    """OrdType(40)."""

    MARKET = "1"
    LIMIT = "2"


class Tif:
    """TimeInForce(59)."""

    DAY = "0"
    GTC = "1"
    IOC = "3"
    FOK = "4"
    GTD = "6"


class Status:
    """OrdStatus(39), and two states of ours that no venue sends."""

    NEW = "0"
    PARTIALLY_FILLED = "1"
    FILLED = "2"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    VENUE_PENDING_NEW = "A"
    EXPIRED = "C"
    PENDING_REPLACE = "E"
    PENDING_NEW = "p"  # sent, no answer yet
    UNKNOWN = "u"  # the venue's outcome cannot be known until reconciled


class Exec:
    """ExecType(150)."""

    NEW = "0"
    DONE_FOR_DAY = "3"
    CANCELED = "4"
    REPLACED = "5"
    PENDING_CANCEL = "6"
    STOPPED = "7"
    REJECTED = "8"
    SUSPENDED = "9"
    PENDING_NEW = "A"
    CALCULATED = "B"
    EXPIRED = "C"
    RESTATED = "D"
    PENDING_REPLACE = "E"
    TRADE = "F"
    TRADE_CORRECT = "G"
    TRADE_CANCEL = "H"
    ORDER_STATUS = "I"


POST_ONLY = "6"  # ExecInst(18): participate, do not initiate
SOH = "\x01"
