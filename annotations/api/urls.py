from django.urls import path

from annotations.api.acquisitions import AcquisitionsView, AcquisitionView, OriginalView, RetryView
from annotations.api.calibrations import CalibrationsView
from annotations.api.classes import LabelClassesView, LabelClassView
from annotations.api.decisions import DecisionsView
from annotations.api.edits import EditsView, FitView, HistoryView
from annotations.api.exchange import CocoExportView, CocoImportView, ParticleImportView, ParticlesCsvView
from annotations.api.frame_pixels import HistogramView, ThumbnailView, TileView, ValueView
from annotations.api.frames import FrameStripView, FrameView
from annotations.api.layers import LayerParticlesView, LayersView
from annotations.api.members import InvitationsView, InvitationView, LeaveView, MembersView, MemberView
from annotations.api.particles import ParticleView
from annotations.api.projects import MeView, ProjectsView, ProjectView
from annotations.api.review import LayerReviewView
from annotations.api.tokens import TokensView, TokenView
from annotations.api.uploads import UploadListView, UploadView

urlpatterns = [
    path("projects/<int:pk>/export/particles.csv", ParticlesCsvView.as_view(), name="api-export-csv"),
    path("projects/<int:pk>/export/coco.json", CocoExportView.as_view(), name="api-export-coco"),
    path("projects/<int:pk>/import/coco/", CocoImportView.as_view(), name="api-import-coco"),
    path("imports/<int:pk>/", ParticleImportView.as_view(), name="api-particle-import"),
    path("me/", MeView.as_view(), name="api-me"),
    path("tokens/", TokensView.as_view(), name="api-tokens"),
    path("tokens/<int:token_pk>/", TokenView.as_view(), name="api-token"),
    path("projects/", ProjectsView.as_view(), name="api-projects"),
    path("projects/<int:pk>/", ProjectView.as_view(), name="api-project"),
    path("projects/<int:pk>/members/", MembersView.as_view(), name="api-members"),
    path("projects/<int:pk>/members/<int:member_pk>/", MemberView.as_view(), name="api-member"),
    path("projects/<int:pk>/leave/", LeaveView.as_view(), name="api-project-leave"),
    path("projects/<int:pk>/invitations/", InvitationsView.as_view(), name="api-invitations"),
    path(
        "projects/<int:pk>/invitations/<int:invitation_pk>/", InvitationView.as_view(), name="api-invitation"
    ),
    path("projects/<int:pk>/classes/", LabelClassesView.as_view(), name="api-classes"),
    path("projects/<int:pk>/classes/<int:class_pk>/", LabelClassView.as_view(), name="api-class"),
    path("acquisitions/", AcquisitionsView.as_view(), name="api-acquisitions"),
    path("acquisitions/<int:pk>/", AcquisitionView.as_view(), name="api-acquisition"),
    path("acquisitions/<int:pk>/original/", OriginalView.as_view(), name="api-acquisition-original"),
    path("acquisitions/<int:pk>/retry/", RetryView.as_view(), name="api-acquisition-retry"),
    path("acquisitions/<int:pk>/calibrations/", CalibrationsView.as_view(), name="api-calibrations"),
    path("uploads/", UploadListView.as_view(), name="api-uploads"),
    path("uploads/<uuid:pk>/", UploadView.as_view(), name="api-upload"),
    path("frames/<int:pk>/", FrameView.as_view(), name="api-frame"),
    path("frames/<int:pk>/strip", FrameStripView.as_view(), name="api-frame-strip"),
    path("frames/<int:pk>/thumbnail", ThumbnailView.as_view(), name="api-frame-thumbnail"),
    path("frames/<int:pk>/values", ValueView.as_view(), name="api-frame-values"),
    path("frames/<int:pk>/histogram", HistogramView.as_view(), name="api-frame-histogram"),
    path(
        "frames/<int:pk>/tiles/<int:level>/<int:column>/<int:row>",
        TileView.as_view(),
        name="api-frame-tile",
    ),
    path("layers/", LayersView.as_view(), name="api-layers"),
    path("layers/<int:pk>/particles/", LayerParticlesView.as_view(), name="api-layer-particles"),
    path("layers/<int:pk>/edits/", EditsView.as_view(), name="api-layer-edits"),
    path("layers/<int:pk>/fit/", FitView.as_view(), name="api-layer-fit"),
    path("layers/<int:pk>/history/", HistoryView.as_view(), name="api-layer-history"),
    path("layers/<int:pk>/decisions/", DecisionsView.as_view(), name="api-layer-decisions"),
    path("layers/<int:pk>/review/", LayerReviewView.as_view(), name="api-layer-review"),
    path("particles/<uuid:pk>/", ParticleView.as_view(), name="api-particle"),
]
