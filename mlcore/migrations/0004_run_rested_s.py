from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mlcore", "0003_gan")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="rested_s",
            field=models.FloatField(default=0, help_text="Paused, or ended before it was tried again."),
        ),
    ]
