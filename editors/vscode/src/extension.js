// Starts `netdsl lsp` and connects VS Code with it.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");
const { serverCommand, startingFailed } = require("./command");

let client;

function options() {
  const { command, args } = serverCommand(vscode.workspace.getConfiguration("netdsl").get("command"));
  const languages = ["netdsl", "netdsl-train"];
  return {
    command,
    server: { command, args, transport: TransportKind.stdio },
    client: {
      documentSelector: languages.flatMap((language) => [
        { scheme: "file", language },
        { scheme: "untitled", language },
      ]),
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{net,train}") },
    },
  };
}

async function start() {
  const chosen = options();
  client = new LanguageClient("netdsl", "netdsl", chosen.server, chosen.client);
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(startingFailed(chosen.command, error));
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) await running.stop();
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("netdsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("netdsl.command")) restart();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
