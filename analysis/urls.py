from django.urls import path

from analysis.views import export, particles, sizes

urlpatterns = [
    path("projects/<int:pk>/sizes/", sizes.sizes, name="project-sizes"),
    path("projects/<int:pk>/sizes/histogram.csv", sizes.histogram_csv, name="project-sizes-csv"),
    path("projects/<int:pk>/particles/", particles.particles, name="project-particles"),
    path("projects/<int:pk>/export/", export.export, name="project-export"),
    path("imports/<int:pk>/", export.particle_import, name="particle-import"),
    path("particles/<uuid:pk>/crop.png", particles.crop, name="particle-crop"),
]
