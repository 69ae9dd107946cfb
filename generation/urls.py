"""Doors of generation."""

from django.urls import path

from generation import webhooks
from generation.views import files, jobs, limits, presets, references, studio

urlpatterns = [
    path("", studio.studio, name="studio"),
    path("models", studio.picker, name="models"),
    path("quote", studio.quote, name="quote"),
    path("generate", studio.generate, name="generate"),
    path("enhance", studio.enhance, name="enhance"),
    path("enhance/<uuid:code>", studio.enhancement, name="enhancement"),
    path("references", references.upload, name="references"),
    path("references/<uuid:code>.jpg", references.preview, name="reference"),
    path("references/<uuid:code>/remove", references.remove, name="reference_remove"),
    path("presets", presets.mine, name="presets"),
    path("presets/new", presets.new, name="preset_new"),
    path("presets/menu", presets.menu, name="presets_menu"),
    path("presets/<uuid:code>/use", presets.use, name="preset_use"),
    path("presets/<uuid:code>/edit", presets.edit, name="preset_edit"),
    path("presets/<uuid:code>/delete", presets.delete, name="preset_delete"),
    path("tray", jobs.tray, name="tray"),
    path("limits", limits.page, name="limits"),
    path("jobs/<uuid:code>", jobs.page, name="job"),
    path("jobs/<uuid:code>/card", jobs.card, name="job_card"),
    path("jobs/<uuid:code>/cancel", jobs.cancel, name="job_cancel"),
    path("jobs/<uuid:code>/retry", jobs.retry, name="job_retry"),
    path("jobs/<uuid:code>/receipt", jobs.receipt, name="job_receipt"),
    path("files/<uuid:code>/<int:width>.<slug:kind>", files.file, name="file"),
    path("files/<uuid:code>/card.jpg", files.postcard, name="postcard"),
    path("webhooks/replicate/<str:token>", webhooks.replicate_webhook, name="replicate_webhook"),
    path("files/<uuid:code>/model.glb", files.model, name="model_file"),
    path("art/<uuid:code>/remix", files.remix, name="art_remix"),
]
