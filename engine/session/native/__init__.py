"""The native session on its sockets: initiator and acceptor."""
