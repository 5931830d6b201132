"""The venue's account beside the path: read over REST, compared with ours, before trading and while it goes on."""
