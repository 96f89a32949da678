"""The models, one table a class. Tortoise finds them here."""

from __future__ import annotations

from charmodels.models.audit import AuditEntry, AuditSettings
from charmodels.models.character import Character
from charmodels.models.gallery import GalleryEntry, GallerySettings, TagAlias, TagDelta, TagTotal
from charmodels.models.generation import Generation, GenerationJob, ProviderRequest
from charmodels.models.quota import QuotaEntry, QuotaGrant, QuotaHold, UserQuota
from charmodels.models.template import CharacterTemplate
from charmodels.models.user import User

__all__ = [
    "AuditEntry",
    "AuditSettings",
    "Character",
    "CharacterTemplate",
    "GalleryEntry",
    "GallerySettings",
    "Generation",
    "GenerationJob",
    "ProviderRequest",
    "QuotaEntry",
    "QuotaGrant",
    "QuotaHold",
    "TagAlias",
    "TagDelta",
    "TagTotal",
    "User",
    "UserQuota",
]
