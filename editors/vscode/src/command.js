// Which program is the language server.
"use strict";

const DEFAULT = ["netdsl", "lsp"];

/**
 * The executable and its arguments, from the setting `netdsl.command`.
 * What is no list of words, or an empty one, stands for the default.
 */
function serverCommand(setting) {
  const words = Array.isArray(setting) ? setting.filter((word) => typeof word === "string" && word) : [];
  const [command, ...args] = words.length ? words : DEFAULT;
  return { command, args };
}

/** What to say where the server does not start. */
function startingFailed(command, error) {
  const why = error && error.message ? error.message : String(error);
  return (
    `netdsl: "${command}" does not start (${why}). Install it with: pip install 'netdsl[lsp]', ` +
    "or name the program in the setting netdsl.command."
  );
}

module.exports = { DEFAULT, serverCommand, startingFailed };
