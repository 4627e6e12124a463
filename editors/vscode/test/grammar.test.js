// The grammars of the extension, run by the engine of VS Code over every network that is shipped.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test } = require("node:test");
const oniguruma = require("vscode-oniguruma");
const { INITIAL, Registry, parseRawGrammar } = require("vscode-textmate");

const FOLDER = path.join(__dirname, "..");
const NETS = path.join(FOLDER, "..", "..", "nets");

async function engine() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")).buffer;
  await oniguruma.loadWASM(wasm);
  return {
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  };
}

const declared = JSON.parse(fs.readFileSync(path.join(FOLDER, "package.json"), "utf8")).contributes.grammars;
const registry = new Registry({
  onigLib: engine(),
  loadGrammar: async (scope) => {
    const found = declared.find((one) => one.scopeName === scope);
    if (!found) return null;
    const file = path.join(FOLDER, found.path);
    return parseRawGrammar(fs.readFileSync(file, "utf8"), file);
  },
});

/** The pieces of a text that are not blank, each with its innermost scope. */
async function pieces(text, scope = "source.netdsl") {
  const grammar = await registry.loadGrammar(scope);
  const found = [];
  let stack = INITIAL;
  for (const [number, line] of text.split("\n").entries()) {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    for (const token of result.tokens) {
      const written = line.slice(token.startIndex, token.endIndex).trim();
      if (written) found.push({ line: number + 1, text: written, scope: token.scopes.at(-1) });
    }
  }
  return found;
}

const files = fs.readdirSync(NETS).filter((name) => name.endsWith(".net"));

test("there are networks", () => assert.ok(files.length >= 40));

for (const name of files) {
  test(`every piece of ${name} has a colour of its own`, async () => {
    const text = fs.readFileSync(path.join(NETS, name), "utf8");
    const found = await pieces(text);
    for (const piece of found) {
      assert.doesNotMatch(piece.scope, /invalid/, JSON.stringify(piece));
      assert.notEqual(piece.scope, "source.netdsl", JSON.stringify(piece));
      if (/^[0-9][0-9.]*$/.test(piece.text)) assert.match(piece.scope, /^constant\.numeric/, JSON.stringify(piece));
      if (/^#/.test(piece.text)) assert.match(piece.scope, /^comment/, JSON.stringify(piece));
      if (/^(net|dialect|block|expect)$/.test(piece.text))
        assert.match(piece.scope, /^keyword\.control/, JSON.stringify(piece));
      if (/^(CONV|FC|RELU|BN|MAX POOL|AVG POOL)$/.test(piece.text))
        assert.match(piece.scope, /^entity\.name\.type/, JSON.stringify(piece));
    }
    const comments = text.split("\n").filter((line) => line.startsWith("#")).length;
    assert.equal(found.filter((piece) => piece.scope.startsWith("comment")).length >= comments, true);
  });
}

const CASES = [
  ["enc1: CONV 64 3x3 same", "enc1", "entity.name.label"],
  ["CONCAT[ SKIP | @enc1 ]", "@enc1", "variable.other.label"],
  ["CONCAT[ SKIP | @enc1 ]", "SKIP", "keyword.control"],
  ["CONV 64 3x3 same", "64", "constant.numeric"],
  ["CONV 64 3x3 same", "3x3", "constant.numeric.size"],
  ["CONV 64 3x3 same", "same", "constant.language"],
  ["CONV 64 3x3 pad 1", "pad", "variable.parameter"],
  ["PAD 1 - CONV 8 3x3", "PAD", "entity.name.type"],
  ["[55x55x96] CONV1: 96 11x11 filters", "55x55x96", "constant.numeric.size"],
  ["block UNIT(width) { CONV width 3x3 }", "UNIT", "entity.name.function"],
  ["UNIT(64)*2", "UNIT", "entity.name.function"],
  ["b: CONV same weights as a  # shared", "same weights as", "keyword.control"],
  ["b: CONV same weights as a  # shared", "# shared", "comment.line"],
  ['use "blocks.net"', '"blocks.net"', "string.quoted"],
  ["train { optimizer adam rate 1e-3 }", "optimizer", "keyword.control"],
  ["train { optimizer adam rate 1e-3 }", "adam", "entity.name.type"],
  ["train { optimizer adam rate 1e-3 }", "1e-3", "constant.numeric"],
  ["train { search batch in {32, 64} }\nCONV 8 3x3", "CONV", "entity.name.type"],
  ["net: CONV 8 3x3", "net", "entity.name.label"],
];

for (const [text, piece, scope] of CASES) {
  test(`${piece} of ${JSON.stringify(text)} is ${scope}`, async () => {
    const found = (await pieces(text)).find((one) => one.text === piece);
    assert.ok(found, `no piece ${piece}`);
    assert.ok(found.scope.startsWith(scope), found.scope);
  });
}

test("a recipe in a file of its own is coloured by its own grammar", async () => {
  const found = await pieces("# a recipe\nbatch 64\noptimizer sgd rate 0.1\n", "source.netdsl-train");
  assert.deepEqual(
    found.map((piece) => [piece.text, piece.scope.split(".")[0]]),
    [
      ["# a recipe", "comment"],
      ["batch", "keyword"],
      ["64", "constant"],
      ["optimizer", "keyword"],
      ["sgd", "entity"],
      ["rate", "variable"],
      ["0.1", "constant"],
    ],
  );
});
