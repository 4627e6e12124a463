"""A real client of the Language Server Protocol walks through all that `netdsl lsp` can do."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netdsl.commands import run
from netdsl.diagnostics import Diagnostic
from netdsl.resources import explanation_text
from netdsl.source import Source

pytest.importorskip("pygls")
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pygls, in later Pythons
COMMAND = (sys.executable, "-m", "netdsl.commands", "lsp", "--stdio")
SECONDS = 60

TEXT = """\
net 😀 é
input 32x32x3
block UNIT(width) { CONV width 3x3 pad 1 - RELU }
first: UNIT(8)
a: conv 16 3x3 pad 1
[16x16x16] POOL 2x2 - [8x8x16] POOL 2x2
CONCAT[ @a - POOL 4x4 | SKIP ]  # 😀 joined
[10] FC: 11
"""


class Walk:
    """A client with one server, and what that has published, by address."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = LanguageClient("walk", "1")
        self.published: dict[str, types.PublishDiagnosticsParams] = {}

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: types.PublishDiagnosticsParams) -> None:
            self.published[params.uri] = params

    def do(self, what: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(what, SECONDS))

    def start(self, folder: Path, **capabilities: Any) -> types.InitializeResult:
        self.do(self.client.start_io(*COMMAND))
        asked = types.InitializeParams(
            capabilities=types.ClientCapabilities(**capabilities),
            workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "nets")],
        )
        result = self.do(self.client.initialize_async(asked))
        self.client.initialized(types.InitializedParams())
        return result

    def end(self) -> int | None:
        """End the server in order; its exit code."""
        server = self.client._server
        assert server is not None
        self.do(self.client.shutdown_async(None))
        self.client.exit(None)
        code: int | None = self.do(server.wait())
        self.do(self.client.stop())
        self.loop.close()
        return code

    def open(self, uri: str, text: str, version: int = 1) -> types.TextDocumentIdentifier:
        item = types.TextDocumentItem(uri, "netdsl", version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return types.TextDocumentIdentifier(uri)

    def change(self, uri: str, version: int, text: str, *extent: int) -> None:
        changed = (
            types.TextDocumentContentChangePartial(span(*extent), text)
            if extent
            else types.TextDocumentContentChangeWholeDocument(text)
        )
        named = types.VersionedTextDocumentIdentifier(version, uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(named, [changed]))

    def findings(self, uri: str, version: int) -> list[types.Diagnostic]:
        """What is published for a state of a text."""
        end = time.monotonic() + SECONDS
        while uri not in self.published or self.published[uri].version != version:
            assert time.monotonic() < end, "nothing is published"
            self.do(asyncio.sleep(0.01))
        return list(self.published[uri].diagnostics)


def span(line: int, start: int, end_line: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(end_line, end))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nets")


@pytest.fixture(scope="module")
def walk(folder: Path) -> Iterator[Walk]:
    made = Walk()
    result = made.start(folder)
    assert result.server_info is not None
    assert result.server_info.name == "netdsl"
    assert result.capabilities.position_encoding == "utf-16"
    yield made
    assert made.end() == 0


@pytest.fixture
def uri(folder: Path) -> str:
    return (folder / "a.net").as_uri()


@pytest.fixture
def document(walk: Walk, uri: str) -> Iterator[types.TextDocumentIdentifier]:
    yield walk.open(uri, TEXT)
    walk.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))


def test_findings_as_one_types(walk: Walk, document: types.TextDocumentIdentifier, uri: str) -> None:
    (wrong,) = walk.findings(uri, 1)
    assert wrong.code == "ND310"
    assert wrong.severity == types.DiagnosticSeverity.Error
    assert wrong.source == "netdsl"
    assert wrong.range == span(7, 0, 7, 4)
    assert "claim [11]" in wrong.message
    assert wrong.related_information is not None
    assert wrong.related_information[0].location == types.Location(uri, span(7, 5, 7, 11))
    page = wrong.code_description
    assert page is not None
    assert Path(page.href.removeprefix("file://")).read_text(encoding="utf-8").startswith("# ND310")
    walk.change(uri, 2, "0", 7, 10, 7, 11)
    assert walk.findings(uri, 2) == []
    # In UTF-16 the comment's face takes two units; what follows it is left out.
    walk.change(uri, 3, " KONV", 6, 37, 6, 43)
    assert walk.findings(uri, 3) == [], "it is a comment still"
    walk.change(uri, 4, "FC 10 strid\n", 8, 0, 8, 0)
    assert [found.code for found in walk.findings(uri, 4)] == ["ND202"]


def test_what_could_be_left_out_is_faded(walk: Walk, folder: Path) -> None:
    uri = (folder / "unread.net").as_uri()
    walk.open(
        uri, "input 32x32x3\nblock DOWN(width, stride) { CONV width 2x2 stride 2 }\nDOWN(16, stride = 4)\n"
    )
    (found,) = walk.findings(uri, 1)
    assert found.code == "ND240"
    assert found.severity == types.DiagnosticSeverity.Information
    assert found.tags == (types.DiagnosticTag.Unnecessary,)


def test_hover(walk: Walk, document: types.TextDocumentIdentifier) -> None:
    position = types.HoverParams(document, types.Position(4, 4))
    found = walk.do(walk.client.text_document_hover_async(position))
    assert "**32x32x16** · 1,168 parameters · 1,179,648 MACs · receptive field 5x5" in found.contents.value
    assert "3*3*8*16 = 1,152" in found.contents.value
    assert found.range == span(4, 3, 4, 7)


def test_inlay_hints(walk: Walk, document: types.TextDocumentIdentifier) -> None:
    asked = types.InlayHintParams(document, span(0, 0, 8, 0))
    found = walk.do(walk.client.text_document_inlay_hint_async(asked))
    assert [(hint.position.line, hint.position.character, hint.label) for hint in found] == [
        (2, 49, "→ 32x32x8"),
        (3, 14, "→ 32x32x8"),
        (4, 20, "→ 32x32x16"),
        (6, 30, "→ 8x8x32"),
    ]


def test_completion(walk: Walk, document: types.TextDocumentIdentifier, uri: str) -> None:
    walk.change(uri, 2, "ADD[ SKIP | @", 7, 0, 7, 11)
    asked = types.CompletionParams(document, types.Position(7, 13))
    found = walk.do(walk.client.text_document_completion_async(asked))
    assert [item.label for item in found.items] == ["first", "a"]
    assert found.items[0].kind == types.CompletionItemKind.Reference
    assert found.items[0].text_edit == types.TextEdit(span(7, 13, 7, 13), "first")


def test_definition_references_and_highlights(walk: Walk, document: types.TextDocumentIdentifier) -> None:
    position = types.Position(6, 9)
    found = walk.do(walk.client.text_document_definition_async(types.DefinitionParams(document, position)))
    assert found == types.Location(document.uri, span(4, 0, 4, 1))
    asked = types.ReferenceParams(types.ReferenceContext(True), document, position)
    found = walk.do(walk.client.text_document_references_async(asked))
    assert [one.range for one in found] == [span(4, 0, 4, 1), span(6, 9, 6, 10)]
    shown = types.DocumentHighlightParams(document, types.Position(3, 8))
    found = walk.do(walk.client.text_document_document_highlight_async(shown))
    assert [one.range for one in found] == [span(2, 6, 2, 10), span(3, 7, 3, 11)]


def test_rename_and_why_not(walk: Walk, document: types.TextDocumentIdentifier) -> None:
    position = types.Position(6, 9)
    prepared = walk.do(
        walk.client.text_document_prepare_rename_async(types.PrepareRenameParams(document, position))
    )
    assert (prepared.range, prepared.placeholder) == (span(6, 9, 6, 10), "a")
    asked = types.RenameParams(document, position, "bottom")
    found = walk.do(walk.client.text_document_rename_async(asked))
    assert found.changes == {
        document.uri: (
            types.TextEdit(span(4, 0, 4, 1), "bottom"),
            types.TextEdit(span(6, 9, 6, 10), "bottom"),
        )
    }
    for new, reason in (("first", "there is a label called `first` already"), ("1st", "`1st` is not a name")):
        with pytest.raises(JsonRpcException, match=reason):
            walk.do(walk.client.text_document_rename_async(types.RenameParams(document, position, new)))
    nothing = types.PrepareRenameParams(document, types.Position(1, 9))
    with pytest.raises(JsonRpcException, match="there is no name"):
        walk.do(walk.client.text_document_prepare_rename_async(nothing))


def test_formatting(walk: Walk, document: types.TextDocumentIdentifier, uri: str) -> None:
    options = types.FormattingOptions(2, True)
    asked = types.DocumentFormattingParams(document, options)
    (edit,) = walk.do(walk.client.text_document_formatting_async(asked))
    assert edit == types.TextEdit(span(4, 0, 5, 0), "a: CONV 16 3x3 pad 1\n")
    walk.change(uri, 2, TEXT.replace("\n", "\r\n"))
    (edit,) = walk.do(walk.client.text_document_formatting_async(asked))
    assert edit == types.TextEdit(span(4, 0, 5, 0), "a: CONV 16 3x3 pad 1\r\n")
    walk.change(uri, 3, "[", 1, 0, 1, 0)
    assert not walk.do(walk.client.text_document_formatting_async(asked))


def test_code_actions(walk: Walk, document: types.TextDocumentIdentifier, uri: str) -> None:
    def offered(line: int, *only: str) -> dict[str, types.CodeAction]:
        context = types.CodeActionContext([], only or None)
        asked = types.CodeActionParams(document, span(line, 0, line, 0), context)
        return {one.title: one for one in walk.do(walk.client.text_document_code_action_async(asked))}

    found = offered(7)
    mended = found["Fix: `neurons 10` gives the claimed 10"]
    assert mended.kind == types.CodeActionKind.QuickFix
    assert mended.diagnostics is not None
    assert mended.diagnostics[0].code == "ND310"
    assert mended.edit is not None
    assert mended.edit.changes is not None
    assert mended.edit.changes[uri] == (types.TextEdit(span(7, 9, 7, 11), "10"),)
    assert "Claim [11], the layer's output" in found
    rewritten = offered(4, "refactor")
    assert set(rewritten) == {"Insert computed volumes here", "Insert computed volumes in the whole file"}
    here = rewritten["Insert computed volumes here"].edit
    assert here is not None
    assert here.changes == {uri: (types.TextEdit(span(4, 0, 4, 0), "[32x32x16] "),)}
    walk.change(uri, 2, "[227x227x3] INPUT\n[55x55x96] CONV1: 96 11x11 filters\n")
    safe = offered(1)["Write `stride 4`"]
    assert safe.is_preferred
    assert list(offered(1, "source.fixAll")) == ["Apply 1 fix that keeps the network"]
    walk.change(uri, 3, "[32x32x3] INPUT\n[28x28x6] CONV1: 6 filters\n")
    assert "Solve: `5x5` gives the claimed 28x28x6" in offered(1)


def test_symbols_and_folding(walk: Walk, document: types.TextDocumentIdentifier) -> None:
    asked = types.DocumentSymbolParams(document)
    found = walk.do(walk.client.text_document_document_symbol_async(asked))
    assert [(one.name, one.detail) for one in found][:5] == [
        ("😀 é", None),
        ("input 32x32x3", "32x32x3"),
        ("UNIT", "UNIT(width)"),
        ("first", "32x32x8"),
        ("a", "32x32x16"),
    ]
    assert found[2].selection_range == span(2, 6, 2, 10)
    assert walk.do(walk.client.text_document_folding_range_async(types.FoldingRangeParams(document))) == ()


def test_files_that_use_one_another_as_they_are_in_the_editor(walk: Walk, folder: Path) -> None:
    shared, user = (folder / "blocks.net").as_uri(), (folder / "user.net").as_uri()
    (folder / "blocks.net").write_text("block OLD { RELU }\n", encoding="utf-8")
    walk.open(user, 'use "blocks.net"\ninput 8x8x3\nNEW()\nFC 10\n')
    assert [found.code for found in walk.findings(user, 1)] == ["ND217"]
    walk.published.pop(user)
    walk.open(shared, "block OLD { RELU }\n")
    walk.change(shared, 2, "NEW", 0, 6, 0, 9)
    end = time.monotonic() + SECONDS
    while walk.published.get(user) is None or walk.published[user].diagnostics:
        assert time.monotonic() < end
        walk.do(asyncio.sleep(0.01))
    document = types.TextDocumentIdentifier(user)
    asked = types.DefinitionParams(document, types.Position(2, 1))
    found = walk.do(walk.client.text_document_definition_async(asked))
    assert found == types.Location(shared, span(0, 6, 0, 9))


def test_recipes_and_texts_without_a_file(walk: Walk, folder: Path) -> None:
    uri = (folder / "a.train").as_uri()
    document = walk.open(uri, "batch 64\noptimizr sgd\n")
    (found,) = walk.findings(uri, 1)
    assert (found.code, found.range) == ("ND530", span(1, 0, 1, 8))
    asked = types.HoverParams(document, types.Position(0, 2))
    assert "batch" in walk.do(walk.client.text_document_hover_async(asked)).contents.value
    uri = "untitled:Untitled-1"
    walk.open(uri, "input 8x8x3\nKONV 3\n")
    assert [found.code for found in walk.findings(uri, 1)] == ["ND201"]


def test_a_server_lives_on_after_nonsense(walk: Walk, uri: str) -> None:
    document = walk.open(uri, "input 8x8x3\nFC 10\n")
    far = types.Position(10_000, 10_000)
    unopened = types.TextDocumentIdentifier("file:///not-open.net")
    asked: list[tuple[str, Any]] = [
        ("textDocument/hover", types.HoverParams(document, far)),
        ("textDocument/completion", types.CompletionParams(document, far)),
        ("textDocument/hover", types.HoverParams(unopened, far)),
        ("textDocument/noSuchThing", {}),
    ]

    async def ask(method: str, params: Any) -> Any:
        try:
            return await walk.client.protocol.send_request_async(method, params)
        except JsonRpcException as refused:
            return refused

    answers = [walk.do(ask(*question)) for question in asked]
    assert isinstance(answers[3], JsonRpcException)
    server = walk.client._server
    assert server is not None
    assert server.stdin is not None
    for content in (
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"no": 1}}',
        b"{}",
        b"nonsense",
    ):
        server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
    assert "Traceback" not in repr(answers)
    walk.change("file:///never-opened.net", 3, "x", 4, 4, 4, 9)
    found = walk.do(walk.client.text_document_hover_async(types.HoverParams(document, types.Position(1, 0))))
    assert "1,930 parameters" in found.contents.value


@pytest.mark.slow
def test_typing_in_a_long_text_is_not_kept_waiting(walk: Walk, folder: Path) -> None:
    uri = (folder / "long.net").as_uri()
    text = "input 32x32x3\n" + "".join(f"c{n}: CONV 16 3x3 pad 1  # {'x' * 36}\nRELU\n" for n in range(1500))
    assert len(text) > 100_000
    document = walk.open(uri, text)
    for version in range(2, 30):
        walk.change(uri, version, "x", 3, 40, 3, 40)
    begun = time.monotonic()
    folded = walk.do(walk.client.text_document_folding_range_async(types.FoldingRangeParams(document)))
    assert time.monotonic() - begun < 10
    assert not folded
    assert walk.findings(uri, 29) == []


def test_positions_in_the_units_that_an_editor_prefers(folder: Path) -> None:
    made = Walk()
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])
    result = made.start(folder, general=general)
    assert result.capabilities.position_encoding == "utf-8"
    uri = (folder / "utf8.net").as_uri()
    made.open(uri, "net 😀é\ninput 8x8x3; # 😀\nKONV 3 # é\n")
    made.change(uri, 2, "é; 3", 0, 8, 0, 10)
    assert [found.range for found in made.findings(uri, 2)][-1] == span(2, 0, 2, 4)
    assert made.end() == 0


def test_volumes_are_asked_for_anew_where_another_file_changes_them(folder: Path) -> None:
    made = Walk()
    asked: list[None] = []

    @made.client.feature(types.WORKSPACE_INLAY_HINT_REFRESH)
    def refresh(params: None) -> None:
        asked.append(params)

    hints = types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    made.start(folder, workspace=types.WorkspaceClientCapabilities(inlay_hint=hints))
    shared, user = (folder / "parts.net").as_uri(), (folder / "whole.net").as_uri()
    made.open(shared, "block B { CONV 4 1x1 }\n")
    made.open(user, 'use "parts.net"\ninput 8x8x3\nB\n')
    made.change(shared, 2, "5", 0, 15, 0, 16)
    document = types.TextDocumentIdentifier(user)
    found = made.do(
        made.client.text_document_inlay_hint_async(types.InlayHintParams(document, span(0, 0, 3, 0)))
    )
    assert [hint.label for hint in found] == ["→ 8x8x5"]
    assert asked
    assert made.end() == 0


def test_settings_hold_in_an_editor_and_count_anew_where_they_change(tmp_path: Path) -> None:
    path = tmp_path / "nets" / "a.net"
    path.parent.mkdir()
    path.write_text("input 8x8x1\nFC 20\nFC 10\n")
    settings = tmp_path / "netdsl.toml"
    settings.write_text('[per-file-ignores]\n"nets/*" = "ND401"\n')
    walk = Walk()
    asked: list[types.RegistrationParams] = []

    @walk.client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        asked.append(params)

    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    walk.start(tmp_path, workspace=types.WorkspaceClientCapabilities(did_change_watched_files=watching))
    uri = path.as_uri()
    walk.open(uri, path.read_text())
    assert walk.findings(uri, 1) == []
    for text, wanted in (
        ("", ["ND401"]),
        ("max-params = 10", ["ND680", "ND401"]),
        ('ignore = "ND401"\nformt = "json"', ["ND683"]),
        ('baseline = "no.json"', ["ND689", "ND401"]),
        ('ignore = "ND401"', []),
    ):
        settings.write_text(text)
        changed = [types.FileEvent(settings.as_uri(), types.FileChangeType.Changed)]
        before = walk.published[uri]
        walk.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changed))
        end = time.monotonic() + SECONDS
        while walk.published[uri] is before:
            assert time.monotonic() < end
            walk.do(asyncio.sleep(0.01))
        found = walk.findings(uri, 1)
        assert sorted(str(one.code) for one in found) == sorted(wanted)
        for one in found:
            if one.code in ("ND683", "ND689"):
                assert one.range.start.line == 0
                assert one.message.startswith("in ")
                assert ".toml" in one.message or "no.json" in one.message
    (registered,) = asked[0].registrations
    assert registered.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    assert "netdsl.toml" in str(registered.register_options)
    assert walk.end() == 0


def test_without_pygls_one_sentence_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pygls.lsp.server", None)
    monkeypatch.delitem(sys.modules, "netdsl.server.protocol", raising=False)
    failing, mended = re.findall(r"```console\n\$ netdsl (.*?)\n```", explanation_text("ND705"))
    assert run(shlex.split(failing)) == 1
    said = capsys.readouterr().err
    assert said == (
        "error ND705: the language server needs pygls, which is not installed\n"
        "  = help: pip install 'netdsl[lsp]'\n\n"
    )
    assert run(shlex.split(mended)) == 0


def test_a_mistake_of_ours_ends_neither_the_answer_nor_the_server(caplog: pytest.LogCaptureFixture) -> None:
    from netdsl.server.protocol import make_server

    def broken(source: Source) -> list[Diagnostic]:
        raise ZeroDivisionError

    async def asked() -> list[Any]:
        server = make_server(broken)
        server.desk.open("file:///a.net", 1, "input 8x8x3\n")
        answers = [await server.ask(lambda: server.desk.findings("file:///a.net"))]
        answers.append(await server.ask(lambda: server.desk.folds("file:///a.net")))
        server.shutdown()
        return answers

    assert asyncio.run(asked()) == [None, []]
    assert "ZeroDivisionError" in caplog.text


def test_an_editor_that_goes_away_ends_the_server() -> None:
    done = subprocess.run(COMMAND, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("address", ["x", "1:2:x", "99999"])
def test_addresses_that_are_none(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lsp", "--tcp", address]) == 2
    assert "PORT" in capsys.readouterr().err


@pytest.mark.slow
def test_a_server_at_a_port() -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*COMMAND[:-1], "--tcp", str(port)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as server:
        end = time.monotonic() + SECONDS
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)
        with connection:
            messages = [
                {"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None}},
                {"id": 2, "method": "shutdown"},
                {"method": "exit"},
            ]
            for message in messages:
                content = json.dumps({"jsonrpc": "2.0", **message}).encode()
                connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
            received = b""
            while piece := connection.recv(65536):
                received += piece
        assert b'"netdsl"' in received
        assert server.wait(SECONDS) == 0
