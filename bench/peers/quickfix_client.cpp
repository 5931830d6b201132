// QuickFIX in C++ as fast as it is meant to be used: polled, never started, with its file store and without a log, one
// prepared order whose ClOrdID(11) and TransactTime(60) are set anew.
//
//   quickfix_client SESSION.cfg    then on stdin lines `COUNT INTERVAL_NS`; for each, COUNT round trips as int64 ns
#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/NewOrderSingle.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

static int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

struct Client : FIX::NullApplication {
    std::string waiting_for;
    bool is_answered = false;

    void fromApp(const FIX::Message& message, const FIX::SessionID&)
        throw(FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) {
        is_answered = message.getHeader().getField(FIX::FIELD::MsgType) == "8" &&
                      message.getField(FIX::FIELD::ClOrdID) == waiting_for;
        if (!is_answered) std::cerr << "quickfix_client: no answer to " << waiting_for << ": " << message << "\n", exit(1);
    }
};

static void poll_until(FIX::SocketInitiator& initiator, const bool& condition) {
    for (int64_t deadline = now_ns() + 5000000000; !condition;) {
        initiator.poll();
        if (now_ns() > deadline) throw std::runtime_error("nothing came in five seconds");
    }
}

int main(int, char** words) try {
    Client client;
    FIX::SessionSettings settings(words[1]);
    FIX::FileStoreFactory store(settings);
    FIX::SocketInitiator initiator(client, store, settings);
    const FIX::SessionID session = *initiator.getSessions().begin();
    for (int64_t deadline = now_ns() + 10000000000; !initiator.isLoggedOn();) {
        initiator.poll();
        if (now_ns() > deadline) throw std::runtime_error("not logged on in ten seconds");
    }
    FIX44::NewOrderSingle order;
    order.set(FIX::Symbol("KXBENCH-26DEC01-T1"));
    order.set(FIX::Side(FIX::Side_BUY));
    order.set(FIX::OrdType(FIX::OrdType_LIMIT));
    order.set(FIX::TimeInForce(FIX::TimeInForce_IMMEDIATE_OR_CANCEL));
    order.setField(FIX::FIELD::OrderQty, "1.00");
    order.setField(FIX::FIELD::Price, "0.4900");
    long number = 0, count, interval_ns;
    while (std::cin >> count >> interval_ns) {
        std::vector<int64_t> taken;
        taken.reserve(count);
        for (int64_t begun = now_ns(); (long)taken.size() < count;) {
            client.waiting_for = "bench-" + std::to_string(++number);
            client.is_answered = false;
            order.set(FIX::ClOrdID(client.waiting_for));
            order.set(FIX::TransactTime(3));
            FIX::Session::sendToTarget(order, session);
            poll_until(initiator, client.is_answered);
            taken.push_back(now_ns() - begun);
            for (int64_t due = begun + interval_ns; (begun = now_ns()) < due;) initiator.poll();
        }
        std::fwrite(taken.data(), sizeof(int64_t), taken.size(), stdout);
        std::fflush(stdout);
    }
    return 0;
} catch (const std::exception& error) {
    std::cerr << "quickfix_client: " << error.what() << "\n";
    return 1;
}
