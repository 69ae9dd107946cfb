"""The staff's view of people. Writes no money, and deletes nobody: history points at them."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User

# Staff come in by the same door as everybody: its limits, its verified address, later its second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = ("email", "handle", "display_name", "is_guest", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_guest", "is_active", "is_staff", "date_joined")
    list_select_related = ("merged_into",)
    search_fields = ("email__startswith", "handle__startswith")
    search_help_text = "The beginning of an address or a handle, in lower case"
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fields = (
        ("email", "handle"),
        ("display_name", "bio"),
        ("is_active", "is_staff", "is_superuser"),
        "groups",
        ("is_guest", "merged_into", "code"),
        ("date_joined", "last_login"),
    )
    # The address is allauth's to change: it has to be verified again.
    readonly_fields = ("email", "is_guest", "merged_into", "code", "date_joined", "last_login")
    filter_horizontal = ("groups",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers make staff, and a guest has no handle to give."""
        fields: tuple[str, ...] = self.readonly_fields
        if not request.user.is_superuser:
            fields += ("is_staff", "is_superuser", "groups")
        if obj and obj.is_guest:
            fields += ("handle", "is_staff", "is_superuser", "groups")
        return fields
