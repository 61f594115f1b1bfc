"""An S3 server on this machine (moto's), for the tests of object storage."""

import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import boto3

from tests.real_site import free_port, wait_until

BUCKET, KEY, SECRET = "etem", "a-key", "a/secret"


@contextmanager
def s3_server():
    """Gives ETEM_STORAGE_URL of an empty bucket."""
    port = free_port()
    said = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], **said)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(f"{endpoint}/moto-api/"))
        own = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=endpoint, **own)
        client.create_bucket(Bucket=BUCKET)
        client.close()
        yield f"s3+http://{KEY}:{SECRET.replace('/', '%2F')}@127.0.0.1:{port}/{BUCKET}/lab?region=us-east-1"
    finally:
        process.kill()
        process.wait()


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False
