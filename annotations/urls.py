from django.contrib.auth import views as auth
from django.urls import path

from annotations.views import account, acquisitions, classes, invitations, members
from annotations.views.frames import frame_page
from annotations.views.project_settings import project_delete, project_settings
from annotations.views.projects import project, project_new, projects

urlpatterns = [
    path("", projects, name="projects"),
    path("projects/new/", project_new, name="project-new"),
    path("projects/<int:pk>/", project, name="project"),
    path("projects/<int:pk>/settings/", project_settings, name="project-settings"),
    path("projects/<int:pk>/delete/", project_delete, name="project-delete"),
    path("frames/<int:pk>/", frame_page, name="frame"),
    path("acquisitions/<int:pk>/", acquisitions.acquisition, name="acquisition"),
    path(
        "acquisitions/<int:pk>/calibrate/", acquisitions.acquisition_calibrate, name="acquisition-calibrate"
    ),
    path("acquisitions/<int:pk>/specimen/", acquisitions.acquisition_specimen, name="acquisition-specimen"),
    path("acquisitions/<int:pk>/retry/", acquisitions.acquisition_retry, name="acquisition-retry"),
    path("acquisitions/<int:pk>/delete/", acquisitions.acquisition_delete, name="acquisition-delete"),
    # accounts
    path("accounts/login/", account.LogIn.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/password/", account.ChangePassword.as_view(), name="password_change"),
    path("accounts/reset/", account.ResetPassword.as_view(), name="password_reset"),
    path("accounts/reset/sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("accounts/reset/done/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path(
        "accounts/reset/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("account/", account.account, name="account"),
    path("account/profile/", account.profile, name="account-profile"),
    path("account/tokens/", account.token_create, name="account-tokens"),
    path("account/tokens/<int:token_pk>/revoke/", account.token_revoke, name="account-token-revoke"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    # members
    path("projects/<int:pk>/members/", members.members, name="project-members"),
    path("projects/<int:pk>/members/invite/", members.invite, name="project-invite"),
    path("projects/<int:pk>/members/leave/", members.project_leave, name="project-leave"),
    path(
        "projects/<int:pk>/members/<int:membership_pk>/role/",
        members.member_role,
        name="project-member-role",
    ),
    path(
        "projects/<int:pk>/members/<int:membership_pk>/remove/",
        members.member_remove,
        name="project-member-remove",
    ),
    path(
        "projects/<int:pk>/invitations/<int:invitation_pk>/revoke/",
        members.invitation_revoke,
        name="project-invitation-revoke",
    ),
    # label classes
    path("projects/<int:pk>/classes/", classes.classes, name="project-classes"),
    path("projects/<int:pk>/classes/add/", classes.class_create, name="project-class-create"),
    path("projects/<int:pk>/classes/<int:class_pk>/", classes.class_update, name="project-class-update"),
    path(
        "projects/<int:pk>/classes/<int:class_pk>/delete/", classes.class_delete, name="project-class-delete"
    ),
]
