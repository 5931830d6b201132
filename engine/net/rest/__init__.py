"""The one REST client: carries the calls of `engine.venue.rest` to a venue, and says what came of each."""
