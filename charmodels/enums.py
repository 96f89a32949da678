"""The closed sets of values that the schema knows."""

from __future__ import annotations

from enum import StrEnum


class SubscriptionTier(StrEnum):
    """What a user pays for; `charmodels.plans` says what each tier is worth."""

    FREE = "FREE"
    PREMIUM = "PREMIUM"
    PRO = "PRO"


class StyleType(StrEnum):
    """How a character is drawn."""

    REALISTIC = "REALISTIC"
    CARTOON = "CARTOON"
    ANIME = "ANIME"
    FANTASY = "FANTASY"
    CYBERPUNK = "CYBERPUNK"
    VINTAGE = "VINTAGE"
    MINIMALIST = "MINIMALIST"


class GenerationStatus(StrEnum):
    """Where a generation stands, and with it the character that it makes."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class HoldState(StrEnum):
    """What became of a hold on quota. All but OPEN are final."""

    OPEN = "OPEN"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class QuotaEntryKind(StrEnum):
    """What an entry of the quota ledger records."""

    HOLD = "HOLD"
    COMMIT = "COMMIT"
    RELEASE = "RELEASE"
    EXPIRE = "EXPIRE"
    GRANT = "GRANT"
    TIER = "TIER"


class AuditAction(StrEnum):
    """What an entry of the audit trail records."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    TRUNCATE = "TRUNCATE"
    PUBLISH = "PUBLISH"
    UNPUBLISH = "UNPUBLISH"
    TIER = "TIER"
    QUOTA = "QUOTA"
    GRANT = "GRANT"
    EMAIL = "EMAIL"
    PRUNE = "PRUNE"
