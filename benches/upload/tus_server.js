// @tus/server with its file store at /v1/uploads, and nothing else. The argument is the folder to store in. Prints {"port"}.
"use strict";

const http = require("node:http");
const { FileStore } = require("@tus/file-store");
const { Server } = require("@tus/server");

const tus = new Server({ path: "/v1/uploads", datastore: new FileStore({ directory: process.argv[2] }) });
const server = http.createServer((request, response) => tus.handle(request, response));
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
