// Sends one file with tus-js-client. The argument is a JSON object: endpoint, token, file, protocol (tus-v1,
// ietf-draft-03, ietf-draft-05), metadata, store (where it remembers addresses), withBody (bytes in the creation).
//
// Prints one JSON object a line: {"address"} as soon as the upload has one, {"sent"} when the server has all of it.
// A line on its standard input aborts the upload; another upload of the same file then goes on, as after a restart.
"use strict";

const { createReadStream, readFileSync } = require("node:fs");
const { FileUrlStorage, Upload } = require("tus-js-client");

const order = JSON.parse(process.argv[2]);
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const fail = (error) => {
  process.stderr.write(`${error}\n`);
  process.exit(1);
};

// The drafts from memory: of a file stream that it goes on with, tus-js-client 4.3.1 says that the last bytes are not the
// last (lib.es5/node/sources/FileSource.js looks at how long they are, not at where they end), and such an upload stays
// incomplete.
const source = () => (order.protocol === "tus-v1" ? createReadStream(order.file) : readFileSync(order.file));

function upload() {
  const made = new Upload(source(), {
    endpoint: order.endpoint,
    protocol: order.protocol,
    headers: { Authorization: `Bearer ${order.token}` },
    metadata: order.metadata,
    urlStorage: new FileUrlStorage(order.store),
    uploadDataDuringCreation: order.withBody,
    retryDelays: null,
    onUploadUrlAvailable: () => print({ address: made.url }),
    onSuccess: () => {
      print({ sent: made.url });
      process.exit(0);
    },
    onError: fail,
  });
  return made;
}

async function goOn() {
  const next = upload();
  const [previous] = await next.findPreviousUploads();
  if (!previous) throw new Error("the upload's address was not remembered");
  next.resumeFromPreviousUpload(previous);
  next.start();
}

const first = upload();
first.start();
process.stdin.once("data", () => first.abort().then(goOn).catch(fail));
