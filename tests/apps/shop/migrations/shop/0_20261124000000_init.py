from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "shop_offers" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "price_cents" INT NOT NULL,
    "character_id" UUID NOT NULL REFERENCES "characters" ("id") ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "shop_orders" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "ordered_at" TIMESTAMPTZ NOT NULL,
    "user_id" UUID NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS "shop_order_offers" (
    "shop_orders_id" INT NOT NULL REFERENCES "shop_orders" ("id") ON DELETE CASCADE,
    "offer_id" INT NOT NULL REFERENCES "shop_offers" ("id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_shop_order__shop_or_82a4a5"
    ON "shop_order_offers" ("shop_orders_id", "offer_id");"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE IF EXISTS "shop_order_offers";
DROP TABLE IF EXISTS "shop_orders";
DROP TABLE IF EXISTS "shop_offers";"""


MODELS_STATE = (
    "eJztV21r2zAQ/ivBnzrYAktDW/YtJCkNI8lYXAYdQyi27JjYkivJZKbkv08nR5bfmq5boa"
    "T0S4mfu5PuHp10Tx8csWFpfxkEhDtfeg8OxQlRP6rwx56D09SA8CnxOi69EAMvod3WQnLs"
    "SWUKcCyIgnwiPB6lMmJUoTSLYwCZpxwjGlooo9F9RpBkIZEbncvPXwqOqE9+E2E+0y0KIh"
    "L7tVQjH/bWOJJ5qrEZldfaEXZbI4/FWUKtc5rLDaOld0QloCGhhGNJYHnJM0gfsjsUayoq"
    "MrUuRYqVGJ8EOItlpdw1spiD0GLpotXURch5BkEeo0CuSlXo6kNI4dPg8/ByeHV+MbxSLj"
    "rNErncF1tbYopATc/CdfbajiUuPDTHltSURx5BHoHt/p7dRtTTNBtSj/FsAEu0ba6TYdoy"
    "620w3BHCUVfj3t7OJt3cNuMa5GZZ5Pch+gQpPsLf+Gb0/ez84oOumAkZcm3UPCli4VEItp"
    "0dXPLVJvmacRKF9CvJNdUzlQymHulgFRZJmE9i0R9X1ztNgi1qXyuOd+Wb2uoxxYSqnUjN"
    "xXi0Go8mU0eTvsbedoe5j2rsg4UNWAMpfdumZJB0Hh7j/mGm1E9ujmnuMvj71MkVAwyW+Z"
    "fzetW3/chp6V5E9SFtauQkhgpLq53LAeOa/y3J7dTWDB/OuTyhg4cOPdjkhrMs3NQDK0O/"
    "s0cUjprjVPdNgikONQS1Q6WVItoCxNR2XICUzfIuQE5sLD4uQPShqm7Gsk3uRHEko4R0M1"
    "yPbDDtH0L75scJvubqpmN/SePcXKzHeXZn8+nKHc2/wXaJEPex5m/kTsEy0GjeQM+KacvU"
    "RSouWblI78fMvenBZ+9uuZg2Z3Lp5945kBPOJEOU7RD2K91pUMNaTRxl4tm6qBLyLomOSy"
    "Kg6oXU0K1400Ko0lSvp4Hs/P4vDWT+iX/LGsjU2NJAVkfWNVBV4TTVT1sfvYgGKl67DhG0"
    "/wMCkLAe"
)
