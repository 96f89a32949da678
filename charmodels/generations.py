"""What the workflow of generations gives and takes, beside the models."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from charmodels import limits
from charmodels.enums import GenerationStatus


@dataclass(frozen=True, slots=True)
class Picture:
    """What a worker's handler brings back.

    Arguments:
        image_url: where the picture is.
        thumbnail_url: where a small one is, or None.
        metadata: what else there is to keep with the character, such as a seed or the other pictures of a batch.
    """

    image_url: str
    thumbnail_url: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class GenerationStats:
    """How the work goes.

    Arguments:
        total: generations.
        by_status: every status to the number that have it.
        success_rate: what part of those that were completed or failed was completed, 0 to 1; None where there are none.
        queue_seconds_p50, queue_seconds_p95: from the request to the beginning of the attempt that counts: the median,
            and what 95 of 100 do not exceed; None where none has begun.
        processing_seconds_p50, processing_seconds_p95: from there to the picture; None where there is none.
        oldest_pending: how long the oldest that waits has waited, or None where none waits.
        throughput_per_hour: how many were completed in an hour: since the time asked for, or the first request.
        rescues: how often a worker's lease ran out.
    """

    total: int
    by_status: dict[GenerationStatus, int]
    success_rate: float | None
    queue_seconds_p50: float | None
    queue_seconds_p95: float | None
    processing_seconds_p50: float | None
    processing_seconds_p95: float | None
    oldest_pending: timedelta | None
    throughput_per_hour: float
    rescues: int


def backoff(attempt: int) -> timedelta:
    """Say how long to wait after an attempt that failed.

    It doubles with each attempt and is drawn from its upper half, so that what failed together does not come back
    together: "equal jitter" in Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015.

    Arguments:
        attempt: which attempt failed, from 1.

    Returns:
        2.5 to 5 seconds after the first, up to 5 minutes.

    Example:
        >>> timedelta(seconds=2.5) <= backoff(1) <= timedelta(seconds=5)
        True
    """
    longest: timedelta = min(limits.FIRST_RETRY * 2.0 ** min(attempt - 1, 30), limits.LONGEST_RETRY)
    return longest * random.uniform(0.5, 1)
