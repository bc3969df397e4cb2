"""What can go wrong with a question, in words a page may show as they are."""

from __future__ import annotations


class QueryError(Exception):
    """A question could not be answered; the message says what to do and names no member."""


class NotPermitted(QueryError):
    """Nobody is asking, or the one who asks may not have this answer."""


class QueryTooSlow(QueryError):
    """The time limit stopped the question."""


class UnknownQuestion(QueryError):
    """No such question, metric, parameter or drill."""


class NoWarehouse(QueryError):
    """Nothing has been published in the warehouse folder yet."""


class InvalidQuestion(Exception):
    """A question file breaks the rules of this room; raised when it is loaded, for its author."""
