"""The native session on sockets: initiator and acceptor."""
