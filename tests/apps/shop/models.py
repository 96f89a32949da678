"""The shop's tables. Their foreign keys point at ours; nothing of ours knows them."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Offer(Model):
    id = fields.IntField(primary_key=True)
    character = fields.ForeignKeyField("charmodels.Character", related_name="offers", on_delete=fields.CASCADE)
    price_cents = fields.IntField()

    class Meta:
        table = "shop_offers"


class Order(Model):
    id = fields.IntField(primary_key=True)
    user = fields.ForeignKeyField("charmodels.User", related_name="orders", on_delete=fields.CASCADE)
    offers = fields.ManyToManyField("shop.Offer", related_name="orders", through="shop_order_offers")
    ordered_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "shop_orders"
