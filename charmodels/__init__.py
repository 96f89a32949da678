"""The data layer of an AI character-creation platform, on PostgreSQL.

Importing opens nothing and reads no environment; `async with charmodels.connect():` does.
"""

from __future__ import annotations

from typing import Any

from charmodels import backups, clock, embedded, metrics, migrations, roles
from charmodels.asgi import HealthApp, health_app
from charmodels.context import RequestContext, current_request, request_context
from charmodels.database import Database, connect, lifespan, tortoise_config
from charmodels.enums import AuditAction, GenerationStatus, HoldState, QuotaEntryKind, StyleType, SubscriptionTier
from charmodels.errors import (
    CharmodelsError,
    ConfigurationError,
    Conflict,
    ConstraintViolation,
    DatabaseError,
    DatabaseUnavailable,
    GenerationRejected,
    HoldClosed,
    InvalidCursor,
    InvalidInput,
    InvalidQuery,
    InvalidTransition,
    LeaseLost,
    MigrationsPending,
    NotFound,
    PermissionDenied,
    PoolTimeout,
    QuotaExceeded,
    RepeatedStatement,
    SerializationFailure,
    StatementTimeout,
)
from charmodels.exporting import ExportReport, export_characters
from charmodels.gallery import CharacterStats, Facets, TemplateStats
from charmodels.generations import GenerationStats, Picture
from charmodels.health import check_health
from charmodels.health_checker import HealthChecker
from charmodels.health_report import HealthIncident, HealthReport, HealthStatus
from charmodels.importing import BadLine, ImportReport, import_characters
from charmodels.logs import RequestFilter, configure_logging
from charmodels.migrations import MigrationStatus
from charmodels.models import (
    AuditEntry,
    Character,
    CharacterTemplate,
    GalleryEntry,
    Generation,
    QuotaEntry,
    QuotaGrant,
    QuotaHold,
    TagAlias,
    User,
    UserQuota,
)
from charmodels.models.base import Model
from charmodels.monitoring.guard import guard_n_plus_one
from charmodels.monitoring.query_metrics import QueryMetrics, QueryStats, StatementStats
from charmodels.pages import Page, Snippet, Total
from charmodels.plans import PLANS, Plan
from charmodels.population import PopulateReport, populate
from charmodels.querysets import Manager, PagedQuerySet, QuerySet, TaggedQuerySet
from charmodels.querysets.jobs import Job
from charmodels.querysets.users import UserStats
from charmodels.quota import QuotaDiscrepancy, QuotaStatus
from charmodels.schemas import (
    CharacterCreate,
    CharacterImport,
    CharacterPublic,
    CharacterTemplateCreate,
    CharacterTemplatePublic,
    GenerationCreate,
    GenerationPublic,
    UserCreate,
    UserPrivate,
    UserPublic,
)
from charmodels.search_query import SearchQuery, parse_query
from charmodels.seeds import SeedCount, SeedReport, seed
from charmodels.settings import Environment, Settings
from charmodels.tags import TagCount, normalize_tag, normalize_tags
from charmodels.transactions import transaction
from charmodels.version import __version__
from charmodels.worker import Worker

__all__ = [
    "PLANS",
    "AuditAction",
    "AuditEntry",
    "BadLine",
    "Character",
    "CharacterCreate",
    "CharacterImport",
    "CharacterPublic",
    "CharacterStats",
    "CharacterTemplate",
    "CharacterTemplateCreate",
    "CharacterTemplatePublic",
    "CharmodelsError",
    "ConfigurationError",
    "Conflict",
    "ConstraintViolation",
    "Database",
    "DatabaseError",
    "DatabaseUnavailable",
    "Environment",
    "ExportReport",
    "Facets",
    "GalleryEntry",
    "Generation",
    "GenerationCreate",
    "GenerationPublic",
    "GenerationRejected",
    "GenerationStats",
    "GenerationStatus",
    "HealthApp",
    "HealthChecker",
    "HealthIncident",
    "HealthReport",
    "HealthStatus",
    "HoldClosed",
    "HoldState",
    "ImportReport",
    "InvalidCursor",
    "InvalidInput",
    "InvalidQuery",
    "InvalidTransition",
    "Job",
    "LeaseLost",
    "Manager",
    "MigrationStatus",
    "MigrationsPending",
    "Model",
    "NotFound",
    "Page",
    "PagedQuerySet",
    "PermissionDenied",
    "Picture",
    "Plan",
    "PoolTimeout",
    "PopulateReport",
    "QueryMetrics",
    "QuerySet",
    "QueryStats",
    "QuotaDiscrepancy",
    "QuotaEntry",
    "QuotaEntryKind",
    "QuotaExceeded",
    "QuotaGrant",
    "QuotaHold",
    "QuotaStatus",
    "RepeatedStatement",
    "RequestContext",
    "RequestFilter",
    "SearchQuery",
    "SeedCount",
    "SeedReport",
    "SerializationFailure",
    "Settings",
    "Snippet",
    "StatementStats",
    "StatementTimeout",
    "StyleType",
    "SubscriptionTier",
    "TagAlias",
    "TagCount",
    "TaggedQuerySet",
    "TemplateStats",
    "Total",
    "User",
    "UserCreate",
    "UserPrivate",
    "UserPublic",
    "UserQuota",
    "UserStats",
    "Worker",
    "__version__",
    "backups",
    "check_health",
    "clock",
    "configure_logging",
    "connect",
    "current_request",
    "embedded",
    "export_characters",
    "guard_n_plus_one",
    "health_app",
    "import_characters",
    "lifespan",
    "metrics",
    "migrations",
    "normalize_tag",
    "normalize_tags",
    "parse_query",
    "populate",
    "request_context",
    "roles",
    "seed",
    "tortoise_config",
    "transaction",
]


def __getattr__(name: str) -> Any:
    if name == "TORTOISE_ORM":
        return tortoise_config()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
