"""Sends one file with tuspy, in two halves by two uploaders: the second asks the server where to go on.

The argument is a JSON object: endpoint, token, file, metadata, checksum (whether each request has a checksum of its
bytes), retries. Prints {"sent": address, "first": offset after the first half}.
"""

import json
import os
import sys

from tusclient.client import TusClient

order = json.loads(sys.argv[1])
client = TusClient(order["endpoint"], headers={"Authorization": f"Bearer {order['token']}"})
length = os.path.getsize(order["file"])
options = {
    "chunk_size": length // 5,
    "upload_checksum": order["checksum"],
    "retries": order["retries"],
    "retry_delay": 0,
}

first = client.uploader(order["file"], metadata=order["metadata"], **options)
first.upload(stop_at=length // 2)
second = client.uploader(order["file"], url=first.url, **options)
if second.offset != first.offset:
    sys.exit(f"the server has {second.offset} bytes, and acknowledged {first.offset}")
second.upload()
print(json.dumps({"sent": second.url, "first": first.offset}))
