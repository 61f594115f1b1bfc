from django.core.management.base import BaseCommand

from annotations.models import User
from mlcore.services.load_demo import create_demo


class Command(BaseCommand):
    help = "Make the demo people and project; a worker then draws and imports the images."

    def add_arguments(self, parser):
        parser.add_argument(
            "--only-if-new", action="store_true", help="do nothing if the site has people already"
        )

    def handle(self, *, only_if_new, **options):
        if only_if_new and User.objects.exists():
            return
        project = create_demo()
        self.stdout.write(f"Made the project “{project}”; its images appear as the worker imports them.")
