"""Foreign keys have a name from both ends and point left or at home; migrations say what the models say."""

import pytest
from django.apps import apps
from django.core.management import call_command

ORDER = ["annotations", "mlcore", "analysis"]
RELATIONS = [
    field
    for app in ORDER
    for model in apps.get_app_config(app).get_models()
    for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
    if field.is_relation and field.model is model
]
INHERITED = {"groups", "user_permissions"}  # of Django's own User


@pytest.mark.parametrize("field", [f for f in RELATIONS if f.name not in INHERITED], ids=str)
def test_a_relation_names_its_other_end(field):
    assert field.remote_field.related_name, f"{field}: give it a related_name."


@pytest.mark.parametrize("field", RELATIONS, ids=str)
def test_a_relation_points_left_or_at_home(field):
    here, there = field.model._meta.app_label, field.related_model._meta.app_label
    assert there not in ORDER or ORDER.index(there) <= ORDER.index(here), (
        f"{field} points at {there}, to the right of {here}: turn it round."
    )


@pytest.mark.django_db
def test_migrations_say_what_the_models_say(capsys):
    try:
        call_command("makemigrations", check=True, dry_run=True)
    except SystemExit:
        pytest.fail(f"Run ./etem manage makemigrations.\n{capsys.readouterr().out}")
