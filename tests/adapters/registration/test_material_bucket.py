"""Materials in a bucket: the S3 adapter against a server that speaks S3."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import httpx
import pytest
from moto.server import ThreadedMotoServer

from services.registration.app import SERVICE
from services.registration.materials.ports import Unavailable
from services.registration.materials.s3 import Bucket
from tests.adapters.registration.uploading import PDF, Uploads

KEYS = {"materials_access_key": "invented", "materials_secret_key": "invented"}


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    httpx.put(f"{url}/materials-of-patients", trust_env=False).raise_for_status()
    yield url
    server.stop()


def bucket(url: str, name: str = "materials-of-patients") -> Bucket:
    return Bucket.at(
        bucket=name, region="us-east-1", endpoint=url, access_key="invented", secret_key=KEYS["materials_secret_key"]
    )


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for one in content:
        yield one


async def test_what_is_written_twice_is_read_as_it_was(s3):
    store = bucket(s3)
    for _ in range(2):
        await store.put("one", pieces(PDF, b"", PDF), "application/pdf")
    assert b"".join([piece async for piece in store.read("one")]) == PDF + PDF


async def test_what_is_not_there_or_not_ours_is_unavailable(s3):
    with pytest.raises(Unavailable):
        async with aclosing(bucket(s3).read("nothing")) as read:
            await anext(read)
    with pytest.raises(Unavailable):
        await bucket(s3, "no-such-bucket").put("one", pieces(PDF), "application/pdf")


async def test_a_clean_material_is_read_back_from_the_bucket(run_service, s3):
    place = {"materials": "s3://materials-of-patients", "materials_endpoint": s3, **KEYS}
    async with run_service(SERVICE, scanner="off", **place) as service:
        uploads = Uploads(service)
        material = await uploads.upload(PDF)
        assert await service.fire("scans") == 1
        url = (await uploads.link(material)).json()["url"]
        assert (await uploads.read(url)).content == PDF
