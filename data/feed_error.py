"""The one error of everything that reads feeds."""


class FeedError(Exception):
    """Something in a feed that a person has to put right before anything can be published.

    The message names the file and what to do; ``feed`` is the feed (or its folder's name).
    """

    def __init__(self, feed: str, message: str) -> None:
        super().__init__(message)
        self.feed = feed
