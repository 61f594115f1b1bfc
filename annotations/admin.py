"""The operator's view: people and projects are looked after here; what was measured is only read."""

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.html import format_html
from django.utils.http import urlsafe_base64_encode

from annotations.forms import StaffLogInForm
from annotations.models import (
    Acquisition,
    ApiToken,
    Calibration,
    Event,
    Frame,
    Invitation,
    LabelClass,
    Layer,
    Membership,
    Particle,
    ParticleImport,
    Project,
    Upload,
    User,
)
from annotations.views.pause import with_pause

admin.site.site_header = admin.site.site_title = "etemweb administration"
admin.site.site_url = "/"
admin.site.login_form = StaffLogInForm
admin.site.login = with_pause(admin.site.login)


class ReadOnly:
    """Rows that follow from files, edits and decisions: changed here, they would no longer be true."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request, *args):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Accounts are closed (“active” off), not deleted: what a person drew keeps its author."""

    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login"]
    actions = ["password_links"]

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.action(description="Make a link for a new password", permissions=["change"])
    def password_links(self, request, queryset):
        """For who forgot theirs, where no mail is sent: the operator hands the link on."""
        for user in queryset.filter(is_active=True):
            key = urlsafe_base64_encode(force_bytes(user.pk))
            token = default_token_generator.make_token(user)
            link = request.build_absolute_uri(reverse("password_reset_confirm", args=[key, token]))
            text = "For {}, within three days, once: {}"
            self.message_user(request, format_html(text, user.username, link), messages.SUCCESS)


class MembershipInline(admin.TabularInline):
    """To look at: roles are changed on the members page, which keeps an owner in every project."""

    model = Membership
    extra = 0
    can_delete = False
    readonly_fields = fields = ["user", "role", "since"]

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["name", "created_by", "created_at"]
    search_fields = ["name", "description"]
    fields = ["name", "description", "created_by", "created_at"]
    readonly_fields = ["created_by", "created_at"]
    inlines = [MembershipInline]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "user", "hint", "created_at", "expires_at", "last_used_at"]
    search_fields = ["name", "user__username"]
    exclude = ["secret_sha256"]

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser  # revoke a token that got out


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["project", "role", "email", "invited_by", "expires_at", "accepted_by"]
    exclude = ["token_sha256"]

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser


@admin.register(LabelClass)
class LabelClassAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "project", "key", "color"]
    search_fields = ["name", "project__name"]


@admin.register(Acquisition)
class AcquisitionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "project", "status", "message", "size_bytes", "uploaded_by", "uploaded_at"]
    list_filter = ["status", "reader"]
    search_fields = ["name", "sha256", "instrument"]
    list_select_related = ["project", "uploaded_by"]


@admin.register(Frame)
class FrameAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["acquisition", "index", "title", "width_px", "height_px", "dtype"]
    search_fields = ["acquisition__name"]
    list_select_related = ["acquisition"]


@admin.register(Calibration)
class CalibrationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "acquisition",
        "version",
        "pixel_size_x_nm",
        "source",
        "is_adopted",
        "author",
        "created_at",
    ]
    list_filter = ["source", "is_adopted"]
    list_select_related = ["acquisition", "author"]


@admin.register(Layer)
class LayerAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["frame", "kind", "name", "author", "sequence"]
    list_filter = ["kind"]
    list_select_related = ["frame__acquisition", "author"]


@admin.register(Particle)
class ParticleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "layer", "label_class", "origin", "decision", "ecd_nm", "version"]
    list_filter = ["origin", "decision"]
    list_select_related = ["layer__frame__acquisition", "label_class"]


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["layer", "sequence", "action", "particle_id", "actor", "at"]
    list_filter = ["action"]
    list_select_related = ["layer__frame__acquisition", "actor"]


@admin.register(ParticleImport)
class ParticleImportAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "project", "created_by", "status", "message", "attempts", "created_at"]
    list_filter = ["status"]
    list_select_related = ["project", "created_by"]
    exclude = ["content"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("content")


@admin.register(Upload)
class UploadAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "project", "owner", "size_bytes", "offset_bytes", "touched_at"]
    list_select_related = ["project", "owner"]
