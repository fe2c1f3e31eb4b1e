// @tus/server with its file store at /v1/uploads, and the one question of our phone that no tus server answers:
// GET /v1/evidence/{capture}. Such an upload is accepted as soon as all its bytes are there; its SHA-256 is that of the
// stored file. The argument is the folder to store in. Prints {"port"}.
"use strict";

const { createHash } = require("node:crypto");
const { createReadStream } = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { pipeline } = require("node:stream/promises");
const { FileStore } = require("@tus/file-store");
const { Server } = require("@tus/server");

const UPLOADS = "/v1/uploads";
const EVIDENCE = "/v1/evidence/";

const folder = process.argv[2];
/** The stored file of each capture that is there. */
const complete = new Map();

const tus = new Server({
  path: UPLOADS,
  datastore: new FileStore({ directory: folder }),
  onUploadFinish: async (_, upload) => {
    complete.set(upload.metadata.capture, path.join(folder, upload.id));
    return {};
  },
});

async function evidence(capture, response) {
  const file = complete.get(capture);
  if (!file) return answer(response, 404, { title: "unknown" });
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  answer(response, 200, { id: capture, status: "accepted", sha256: hash.digest("hex"), rejection: null });
}

function answer(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "Tus-Resumable": "1.0.0",
  });
  response.end(body);
}

const server = http.createServer((request, response) => {
  // An answer without a body says so by its length and not by an empty chunk: the fault proxy reads no chunks.
  if (request.method === "POST") response.setHeader("Content-Length", 0);
  if (request.url.startsWith(UPLOADS)) tus.handle(request, response);
  else if (request.url.startsWith(EVIDENCE)) evidence(request.url.slice(EVIDENCE.length), response);
  // What else our phone asks, such as POST /v1/reconcile, a tus server does not know.
  else answer(response, 404, { title: "unknown" });
});
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
