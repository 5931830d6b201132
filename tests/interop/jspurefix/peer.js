/**
 * One FIX session on jspurefix, in either role, told by lines what to do.
 *
 * Argument: JSON {role, port, names: [sender, target], heartbeat, reset}.
 * Reads: `logon`, `logout`, `send TYPE ID` with TYPE D, F or 8. Writes one JSON object a line: {port} of the listener,
 * then {up, numbers: [next out, next in], done: commands carried out} after every event, with {received} or {fault}.
 */
'use strict'
const net = require('net')
const readline = require('readline')
require('reflect-metadata')
const engine = require('jspurefix')

const { role, port, names: [sender, target], heartbeat, reset } = JSON.parse(process.argv[2])
const description = () => ({
  application: {
    type: role, name: sender, protocol: 'ascii', dictionary: 'qf44', tcp: { host: '127.0.0.1', port },
    resilient: role === 'initiator', recoveryAttemptSeconds: 0.01, backoffFailConnectSeconds: 0.01, reconnectSeconds: 0.01
  },
  BeginString: 'FIX.4.4', SenderCompId: sender, TargetCompID: target, HeartBtInt: heartbeat, ResetSeqNumFlag: reset
})

// Both outlive a connection: the numbers, and what was sent. The engine resends only what its application has kept.
const numbers = new engine.MemorySessionStore(new engine.SessionId('FIX.4.4', sender, target))
let kept = null

let session = null
let done = 0

function say (event = {}) {
  const up = session !== null && session.isUp
  const next = session === null ? [1, 1] : session.nextNumbers()
  process.stdout.write(JSON.stringify({ up, numbers: next, done, ...event }) + '\n')
}

class Session extends engine.AsciiSession {
  constructor (config) {
    config.sessionStoreFactory = { create: () => numbers }
    super(config)
    kept ??= this.store
    this.store = kept
    this.resender = new engine.FixMsgAsciiStoreResend(kept, config)
    this.isUp = false
    session = this
  }

  nextNumbers () {
    const transmitter = this.transport?.transmitter
    return [transmitter ? transmitter.msgSeqNum : numbers.senderSeqNum, this.lastPeerSeqNum() + 1]
  }

  deliver (type, body) {
    this.send(type, body, (error, { header }) => {
      if (error) say({ fault: error.message })
      else kept.put(new engine.FixMsgStoreRecord(type, new Date(), header.MsgSeqNum, body))
    })
  }

  onMsg (type, view) {
    super.onMsg(type, view)
    say()
  }

  onApplicationMsg (type, view) {
    const { ClOrdID, ExecID } = view.toObject()
    say({ received: `${type} ${type === '8' ? ExecID : ClOrdID}` })
  }

  onLogon () {
    return true
  }

  onReady () {
    this.isUp = true
    say()
  }

  onStopped (error) {
    this.isUp = false
    say(error ? { fault: error.message } : {})
  }

  onDecoded () {}
  onEncoded () {}
}

class Launcher extends engine.SessionLauncher {
  constructor () {
    super(...(role === 'initiator' ? [description(), null] : [null, description()]), new engine.EmptyLogFactory())
  }

  makeFactory () {
    return { makeSession: config => new Session(config) }
  }
}

function start () {
  new Launcher().run().catch(error => say({ fault: error.message }))
}

const TransactTime = new Date(Date.UTC(2026, 0, 5, 14, 30))
const Instrument = { Symbol: 'KXGOLD' }
const BODIES = {
  D: ClOrdID => ({
    ClOrdID, HandlInst: '1', OrderQtyData: { OrderQty: 25 }, OrdType: '2', Price: 0.54, Side: '1', Instrument,
    TimeInForce: '1', TransactTime
  }),
  F: ClOrdID => ({ ClOrdID, OrigClOrdID: 'A1', Side: '1', Instrument, TransactTime }),
  8: ExecID => ({
    AvgPx: 0, ClOrdID: 'A1', CumQty: 0, ExecID, OrderID: 'O1', OrderQtyData: { OrderQty: 25 }, OrdStatus: '0', Side: '1',
    Instrument, ExecType: '0', LeavesQty: 25
  })
}
const COMMANDS = {
  logon: start,
  logout: () => session.done(),
  send: (type, id) => session.deliver(type, BODIES[type](id))
}

// The engine listens on every interface, and only says so in its log; a peer in a test keeps to this machine.
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (at) {
  return listen.call(this, at, '127.0.0.1', () => say({ port: this.address().port }))
}

if (role === 'acceptor') start()
const lines = readline.createInterface({ input: process.stdin })
lines.on('line', line => {
  const [verb, ...words] = line.split(' ')
  COMMANDS[verb](...words)
  done += 1
  say()
})
lines.on('close', () => process.exit())
