"""The server of the package resumable-upload at /v1/uploads, and the one question of our phone that no tus server
answers: GET /v1/evidence/{capture}. Such an upload is accepted as soon as all its bytes are there; its SHA-256 is that of
the stored file. The argument is the folder to store in. Prints {"port"}.
"""

import hashlib
import json
import os
import sys
from http.server import ThreadingHTTPServer

from resumable_upload import SQLiteStorage, TusServer
from resumable_upload.server import TusHTTPRequestHandler

EVIDENCE = "/v1/evidence/"

folder = sys.argv[1]
storage = SQLiteStorage(os.path.join(folder, "uploads.db"), os.path.join(folder, "files"))
# The upload of each capture that is there.
complete = {}


def note(upload_id, metadata, _):
    complete[metadata["capture"]] = upload_id


class Handler(TusHTTPRequestHandler):
    tus_server = TusServer(storage=storage, base_path="/v1/uploads", on_upload_complete=note)

    def do_GET(self):
        capture = self.path.removeprefix(EVIDENCE)
        upload = complete.get(capture)
        if upload is None:
            return self._answer(404, {"title": "unknown"})
        with open(storage.get_file_path(upload), "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._answer(200, {"id": capture, "status": "accepted", "sha256": digest, "rejection": None})

    def _answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Tus-Resumable", "1.0.0")
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
