"""The pages of each model: what a list shows, how it is searched and filtered, and what may be changed."""

# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false
# FastAdmin is not there on Python 3.11. It gives arguments by position.
from __future__ import annotations

from typing import Any
from uuid import UUID

from fastadmin import (
    ActionResponseSchema,
    ActionResponseType,
    AdminApiException,
    WidgetActionChartProps,
    WidgetActionResponseSchema,
    WidgetActionType,
    action,
    display,
    widget_action,
)
from tortoise.expressions import Q
from tortoise.functions import Lower

from charmodels import models
from charmodels.errors import CharmodelsError, InvalidInput, NotFound
from charmodels.studio.access import OPERATOR, USERNAME
from charmodels.studio.admin import Page
from charmodels.transactions import transaction

PEOPLE, PICTURES, QUOTA, RECORDS = "People", "Characters", "Quota", "Records"
"""The sections of the menu."""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class UserPage(Page):
    """Users. Whoever signs in to Studio is none of them, but FastAdmin asks this page who that is."""

    menu_section = PEOPLE
    list_display = ("id", "email", "name", "subscription_tier", "subscription_expires_at", "timezone", "created_at")
    list_display_links = ("id", "email")
    list_filter = ("email", "subscription_tier", "subscription_expires_at", "timezone", "created_at")
    search_fields = ("id", "email", "auth0_id", "name")
    search_help_text = "A whole address, name, auth0_id or id"
    adds = deletes = True
    editable = (
        "email", "auth0_id", "name", "avatar_url", "subscription_tier", "subscription_expires_at", "timezone"
    )  # fmt: skip

    async def authenticate(self, username: str, password: str) -> UUID | None:
        """Take the one-time password."""
        return OPERATOR if self.access.sign_in(username, password) else None

    async def change_password(self, key: Any, password: str) -> None:
        """Refuse: users have no password here, and Studio's is made anew."""
        raise AdminApiException(403, detail="There are no passwords to change here.")

    async def get_obj(self, key: Any) -> dict[str, Any] | None:
        """Read a user, or whoever signed in."""
        if str(key) == str(OPERATOR):
            return {"id": str(OPERATOR), "username": self.access.actor, "__str__": USERNAME}
        found: dict[str, Any] | None = await super().get_obj(key)
        return found

    async def find(self, rows: Any, text: str) -> Any:
        """Find users by what has an index."""
        key = _uuid(text)
        if key is not None:
            return rows.filter(id=key)
        return rows.annotate(called=Lower("name")).filter(Q(email=text) | Q(auth0_id=text) | Q(called=text.lower()))

    async def change(self, obj: Any, changed: dict[str, Any]) -> None:
        """Change a user; another subscription as `subscribe` does it."""
        subscription = {"subscription_tier", "subscription_expires_at"} & changed.keys()
        if subscription:
            tier = changed.pop("subscription_tier", obj.subscription_tier)
            await obj.subscribe(tier, changed.pop("subscription_expires_at", obj.subscription_expires_at))
        if changed:
            await super().change(obj, changed)


class _OwnedPage(Page):
    """What belongs to a user."""

    list_select_related = ("user",)
    list_display_labels = {"user": "Owner's id"}

    @display
    async def owner(self, obj: Any) -> str:
        """Name the owner."""
        return obj.user.name or str(obj.user_id)

    async def find(self, rows: Any, text: str) -> Any:
        """Find what has this key or this owner, by key or address."""
        key = _uuid(text)
        if key is not None:
            own: dict[str, Any] = {self._pk: key}
            return rows.filter(Q(**own) | Q(user_id=key))
        owner = await models.User.objects.get_or_none(email=text)
        return rows.filter(user_id=owner.id) if owner else self.none(rows)


class CharacterPage(_OwnedPage):
    """Characters."""

    menu_section = PICTURES
    list_display = ("id", "name", "owner", "style_type", "tags", "is_public", "generation_status", "created_at", "user")
    list_display_links = ("id", "name")
    list_filter = ("style_type", "tags", "is_public", "generation_status", "created_at", "user")
    search_fields = ("id", "user", "name", "prompt", "tags")
    search_help_text = "Words of public ones, an owner's address, or an id"
    adds = deletes = True
    editable = ("name", "prompt", "style_type", "tags", "image_url", "thumbnail_url", "metadata", "is_public")
    initial = ("user",)
    widget_actions = ("popular_tags", "styles")

    @widget_action(
        tab="Gallery",
        title="Popular tags of the public gallery",
        widget_action_type=WidgetActionType.ChartColumn,
        widget_action_props=WidgetActionChartProps(x_field="tag", y_field="characters"),
        width=14,
    )
    async def popular_tags(self, asked: Any) -> WidgetActionResponseSchema:
        """Count characters by tag, out of the counters."""
        found = await models.Character.objects.popular_tags(20)
        return WidgetActionResponseSchema(data=[{"tag": each.tag, "characters": each.count} for each in found])

    @widget_action(
        tab="Gallery",
        title="Styles of the public gallery",
        widget_action_type=WidgetActionType.ChartPie,
        widget_action_props=WidgetActionChartProps(x_field="style", y_field="characters"),
        width=10,
    )
    async def styles(self, asked: Any) -> WidgetActionResponseSchema:
        """Count characters by style, out of the counters."""
        found = await models.Character.objects.public().facets()
        data = [{"style": style.value, "characters": count} for style, count in found.styles.items()]
        return WidgetActionResponseSchema(data=data)

    async def find(self, rows: Any, text: str) -> Any:
        """Find characters by key, by owner, or, those of the public gallery, as its search box does."""
        if _uuid(text) is not None or "@" in text:
            return await super().find(rows, text)
        return rows.public().matching(text)


class GenerationPage(_OwnedPage):
    """Generations: records, which are not written by hand. What is under way can be cancelled, what failed retried."""

    menu_section = PICTURES
    list_display = (
        "id",
        "owner",
        "status",
        "style_type",
        "attempts",
        "created_at",
        "completed_at",
        "error_message",
        "user",
    )
    list_display_links = ("id",)
    list_filter = ("status", "style_type", "created_at", "user")
    search_fields = ("id", "user", "provider_request_id")
    search_help_text = "An id, an owner's address, or a provider's request"
    actions = ("cancel", "retry")

    async def find(self, rows: Any, text: str) -> Any:
        """Find generations by key, owner, character or the provider's request."""
        key = _uuid(text)
        if key is not None:
            return rows.filter(Q(id=key) | Q(user_id=key) | Q(character_id=key))
        if "@" in text:
            return await super().find(rows, text)
        request = await models.ProviderRequest.get_or_none(provider_request_id=text)
        return rows.filter(id=request.generation_id) if request else self.none(rows)

    @action(description="Cancel")
    async def cancel(self, ids: list[Any]) -> ActionResponseSchema:
        """Cancel the chosen ones, each by itself."""
        return await self._each(ids, "cancel")

    @action(description="Retry")
    async def retry(self, ids: list[Any]) -> ActionResponseSchema:
        """Queue the chosen ones again, each by itself."""
        return await self._each(ids, "retry")

    async def _each(self, ids: list[Any], verb: str) -> ActionResponseSchema:
        done, refused = 0, []
        for key in ids:
            try:
                async with transaction():
                    await getattr(await models.Generation.objects.get(id=key), verb)()
                done += 1
            except CharmodelsError as error:
                refused.append(str(error))
        if not done and refused:
            raise AdminApiException(409, detail=refused[0])
        rest = f" {len(refused)} not: {refused[0]}" if refused else ""
        return ActionResponseSchema(type=ActionResponseType.MESSAGE, data=f"{verb.title()}: {done} done.{rest}")


class JobPage(_OwnedPage):
    """The queue: generations that wait or are under way. The workers write it."""

    menu_section = PICTURES
    verbose_name = verbose_name_plural = "Queue"
    list_display = (
        "generation",
        "owner",
        "priority",
        "turn_at",
        "worker",
        "lease_expires_at",
        "cancel_requested",
        "user",
    )
    list_display_links = ("generation",)
    list_filter = ("worker", "user")
    ordering = ("turn_at",)
    sortable_by = ("turn_at",)


class TemplatePage(Page):
    """Templates. There are few, so anything of them is searched."""

    menu_section = PICTURES
    list_display = ("id", "name", "style_type", "tags", "is_active", "usage_count", "created_at")
    list_display_links = ("id", "name")
    list_filter = ("name", "style_type", "tags", "is_active")
    search_fields = ("name", "description", "prompt", "tags")
    search_help_text = "Words of a template"
    ordering = ("name",)
    sortable_by = ("id", "name", "usage_count", "created_at")
    adds = deletes = True
    editable = ("name", "description", "prompt", "style_type", "tags", "is_active")

    async def find(self, rows: Any, text: str) -> Any:
        """Find templates by words."""
        return rows.search(text)


class AliasPage(Page):
    """Aliases of tags. Adding one renames the tag on all rows, as `TagAlias.objects.add` does."""

    menu_section = PICTURES
    list_display = ("alias", "tag", "created_at")
    list_display_links = ("alias",)
    list_filter = ("alias", "tag")
    search_fields = ("alias", "tag")
    search_help_text = "A part of an alias or a tag"
    ordering = ("alias",)
    sortable_by = ("alias", "tag", "created_at")
    adds = deletes = True
    editable = ("tag",)
    initial = ("alias",)

    async def find(self, rows: Any, text: str) -> Any:
        """Find aliases by a part of either word."""
        return rows.filter(Q(alias__icontains=text) | Q(tag__icontains=text))

    async def _save(self, key: Any, values: dict[str, Any]) -> Any | None:
        # No transaction around it: rows are renamed in batches, and writers are waited for.
        alias = str(values.get("alias") or key or "")
        if key is not None:
            if alias != str(key):
                raise InvalidInput(field="alias", reason="never changes")
            if await self.orm_get_obj(key) is None:
                return None
        return await models.TagAlias.objects.add(alias, str(values.get("tag") or ""))

    async def orm_delete_obj(self, key: Any) -> None:
        """Make the alias a tag of its own again."""
        if not self.access.write:
            raise AdminApiException(403, detail=self._refusal)
        if not await models.TagAlias.objects.remove(str(key)):
            raise NotFound(model="TagAlias")


class QuotaPage(_OwnedPage):
    """Where users stand with their quota. The override of a plan can be changed; the counters are the database's."""

    menu_section = QUOTA
    list_display = ("user", "owner", "daily_quota", "daily_used", "granted_used", "quota_day", "total_generated")
    list_display_links = ("user",)
    list_filter = ("user", "quota_day")
    search_fields = ("user",)
    search_help_text = "A user's address or id"
    ordering = ("-user",)
    sortable_by = ("user",)
    editable = ("daily_quota",)

    async def change(self, obj: Any, changed: dict[str, Any]) -> None:
        """Override the plan, or no longer."""
        await obj.user.set_daily_quota(changed["daily_quota"])


class HoldPage(_OwnedPage):
    """Quota that is held now."""

    menu_section = QUOTA
    list_display = ("id", "owner", "amount", "quota_day", "key", "expires_at", "created_at", "user")
    list_display_links = ("id",)
    list_filter = ("expires_at", "user")
    search_fields = ("id", "user")
    search_help_text = "A user's address, or an id"


class GrantPage(HoldPage):
    """Quota that was granted beside the plan's."""

    list_display = ("id", "owner", "amount", "spent", "reason", "expires_at", "created_at", "user")


class LedgerPage(_OwnedPage):
    """The ledger of all quotas, which nobody changes."""

    menu_section = QUOTA
    verbose_name = verbose_name_plural = "Quota ledger"
    list_display = ("id", "owner", "kind", "amount", "quota_day", "reason", "created_at", "user")
    list_display_links = ("id",)
    list_filter = ("kind", "quota_day", "created_at", "user")
    search_fields = ("id", "user")
    search_help_text = "A user's address, or an id"


class AuditPage(Page):
    """The audit trail, which nobody changes."""

    menu_section = RECORDS
    verbose_name = verbose_name_plural = "Audit trail"
    list_display = ("id", "created_at", "actor", "action", "table_name", "object_id", "request_id")
    list_display_links = ("id",)
    list_filter = ("created_at", "actor", "action", "table_name", "object_id")
    search_fields = ("id", "object_id", "actor")
    search_help_text = "An actor, the id of what was changed, or of an entry"

    async def find(self, rows: Any, text: str) -> Any:
        """Find entries by their own key, by what they are about, or by who acted."""
        key = _uuid(text)
        about = Q(actor=text) if key is None else Q(id=key) | Q(object_id=key) | Q(actor=text)
        return rows.filter(about)


PAGES = {
    models.User: UserPage,
    models.Character: CharacterPage,
    models.Generation: GenerationPage,
    models.GenerationJob: JobPage,
    models.CharacterTemplate: TemplatePage,
    models.TagAlias: AliasPage,
    models.UserQuota: QuotaPage,
    models.QuotaHold: HoldPage,
    models.QuotaGrant: GrantPage,
    models.QuotaEntry: LedgerPage,
    models.AuditEntry: AuditPage,
}
"""What the site shows, in the order of its menu."""
