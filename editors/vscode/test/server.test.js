// The command that the extension starts, against the real server, by VS Code's own protocol library.
// NETDSL_COMMAND is what starts the server in the environment of the test, as a JSON list of words.
"use strict";

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const { StreamMessageReader, StreamMessageWriter, createMessageConnection } = require("vscode-jsonrpc/node");
const { DEFAULT, serverCommand, startingFailed } = require("../src/command");

const FOLDER = path.join(__dirname, "..");
const here = JSON.parse(process.env.NETDSL_COMMAND || "null");

test("what the settings say is what is started", () => {
  const declared = JSON.parse(fs.readFileSync(path.join(FOLDER, "package.json"), "utf8"));
  assert.deepEqual(declared.contributes.configuration.properties["netdsl.command"].default, DEFAULT);
  assert.deepEqual(serverCommand(undefined), { command: "netdsl", args: ["lsp"] });
  assert.deepEqual(serverCommand([]), { command: "netdsl", args: ["lsp"] });
  assert.deepEqual(serverCommand(["py", "-m", "x", 3]), { command: "py", args: ["-m", "x"] });
  assert.match(startingFailed("netdsl", new Error("ENOENT")), /pip install 'netdsl\[lsp\]'/);
});

test("the bundle is built and holds the client", { skip: !fs.existsSync(path.join(FOLDER, "dist")) }, () => {
  const bundle = fs.readFileSync(path.join(FOLDER, "dist", "extension.js"), "utf8");
  assert.match(bundle, /require\("vscode"\)/);
  assert.match(bundle, /netdsl\.restart/);
});

test("the server answers what the extension asks", { skip: here === null, timeout: 60_000 }, async () => {
  // As vscode-languageclient does for TransportKind.stdio.
  const { command, args } = serverCommand(here);
  const server = spawn(command, [...args, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout),
    new StreamMessageWriter(server.stdin),
  );
  const published = new Promise((resolve) =>
    connection.onNotification("textDocument/publishDiagnostics", resolve),
  );
  connection.listen();
  const started = await connection.sendRequest("initialize", {
    processId: process.pid,
    rootUri: null,
    capabilities: { general: { positionEncodings: ["utf-16"] } },
  });
  assert.equal(started.serverInfo.name, "netdsl");
  await connection.sendNotification("initialized", {});
  const uri = "file:///no-such-folder/a.net";
  const text = "input 32x32x3\nCONV 16 9x9 stride 7\nFC 10\n";
  await connection.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "netdsl", version: 1, text },
  });
  const found = await published;
  assert.equal(found.uri, uri);
  assert.equal(found.diagnostics[0].code, "ND301");
  const hover = await connection.sendRequest("textDocument/hover", {
    textDocument: { uri },
    position: { line: 0, character: 2 },
  });
  assert.match(hover.contents.value, /32x32x3/);
  await connection.sendRequest("shutdown");
  await connection.sendNotification("exit");
  const code = await new Promise((resolve) => server.on("exit", resolve));
  assert.equal(code, 0);
  connection.dispose();
});
