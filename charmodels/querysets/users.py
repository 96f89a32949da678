"""What users can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charmodels.querysets.base import Manager, QuerySet

if TYPE_CHECKING:
    from charmodels.models.user import User


class UserQuerySet(QuerySet["User"]):
    """Queries on users."""

    async def get_by_email(self, email: str) -> User:
        """Find a user by email address, whatever its case.

        Arguments:
            email: the address.

        Returns:
            The user.

        Raises:
            NotFound: nobody has it.

        Example:
            >>> import charmodels as cm
            >>> async def find() -> cm.User:
            ...     return await cm.User.objects.get_by_email("ADA@example.com")
        """
        return await self.get(email=email.strip())

    async def get_by_auth0_id(self, auth0_id: str) -> User:
        """Find a user by the identifier that Auth0 gave.

        Arguments:
            auth0_id: as in the token's `sub`.

        Returns:
            The user.

        Raises:
            NotFound: nobody has it.
        """
        return await self.get(auth0_id=auth0_id)


class UserManager(Manager[UserQuerySet]):
    """`User.objects`."""

    queryset_class = UserQuerySet
