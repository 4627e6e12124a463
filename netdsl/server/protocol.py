"""Speaks the Language Server Protocol (3.17) with an editor, by pygls; what is said is worked out elsewhere.

Texts are changed as messages come in. All else is worked out in one thread beside them, one question after
the other, so that a large text never keeps the editor waiting for what it types.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

import netdsl
from netdsl.server.actions import Check
from netdsl.server.desk import Desk, Sheet
from netdsl.server.lsp_types import (
    Here,
    code_action,
    completion_list,
    diagnostic,
    folding_range,
    hover_of,
    inlay_hint,
    location,
    lsp_range,
    own_changes,
    own_position,
    own_range,
    symbol,
    text_edit,
    workspace_edit,
)
from netdsl.server.renaming import Refused
from netdsl.server.texts import path_of

PAUSE = 0.15
"""Seconds without typing after which findings are worked out."""

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


class NetworkServer(LanguageServer):
    """The server with the open texts and the thread that works on them."""

    def __init__(self, check: Check) -> None:
        super().__init__("netdsl", netdsl.__version__)
        self.desk = Desk(check)
        self.pages = netdsl_pages()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="netdsl")
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The answer of the thread; None where answering failed, which is our mistake and is logged."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, question)
        except JsonRpcInvalidParams:
            raise
        except Exception:
            _log.exception("a request of the editor could not be answered")
            return None

    def check_others(self, uri: str, pause: float = PAUSE) -> None:
        """Show again what there is to see of the texts that may use another."""
        others = self.desk.using(uri)
        for other in others:
            self.check_soon(other, pause)
        workspace = self.client_capabilities.workspace
        hints = workspace.inlay_hint if workspace is not None else None
        if others and hints is not None and hints.refresh_support:
            self.workspace_inlay_hint_refresh(None)

    def check_soon(self, uri: str, pause: float) -> None:
        """Show the findings of a text after a pause, unless it changes again before."""
        earlier = self._waiting.pop(uri, None)
        if earlier is not None:
            earlier.cancel()
        self._waiting[uri] = asyncio.get_running_loop().call_later(pause, self._check_now, uri)

    def _check_now(self, uri: str) -> None:
        self._waiting.pop(uri, None)
        task = asyncio.get_running_loop().create_task(self._publish(uri))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, uri: str) -> None:
        found = await self.ask(lambda: self.desk.findings(uri))
        text = self.desk.texts.text(uri)
        if found is None or text is None or found[0].version != text.version:
            return  # it was closed, or has changed meanwhile: then another check is on its way
        checked, findings = found
        here = Here(uri, checked.source, checked.positions)
        shown = [diagnostic(here, one, self.pages) for one in findings]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, diagnostics=shown, version=text.version)
        )

    def forget(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    @property
    def was_shut_down(self) -> bool:
        """Whether the editor has said that it ends the server."""
        return bool(self.protocol._shutdown)

    def shutdown(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
        super().shutdown()


def netdsl_pages() -> dict[str, str]:
    """The addresses of the pages about findings, by their codes."""
    from netdsl.resources import explained_codes, explanation_path
    from netdsl.server.texts import uri_of

    return {code: uri_of(explanation_path(code)) for code in explained_codes()}


def make_server(check: Check) -> NetworkServer:
    """The server, ready to be started."""
    server = NetworkServer(check)
    _keep_texts(server)
    _tell(server)
    _find(server)
    _change(server)
    return server


def _keep_texts(server: NetworkServer) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        encoding = server.workspace.position_encoding
        server.desk.texts.units = str(getattr(encoding, "value", encoding) or "utf-16")
        folders = [folder.uri for folder in server.workspace.folders.values()]
        folders = folders or ([server.workspace.root_uri] if server.workspace.root_uri else [])
        server.desk.folders = [path for uri in folders if (path := path_of(uri))]
        _watch_files(server)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.desk.open(document.uri, document.version, document.text)
        server.check_soon(document.uri, 0)
        server.check_others(document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        server.desk.change(document.uri, document.version, own_changes(params.content_changes))
        server.check_soon(document.uri, PAUSE)
        server.check_others(document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        server.desk.files_changed()
        server.check_soon(params.text_document.uri, 0)
        server.check_others(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.desk.close(params.text_document.uri)
        server.forget(params.text_document.uri)
        server.check_others(params.text_document.uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        server.desk.files_changed()
        server.check_others("")
        for uri in server.desk.uris:  # settings may be among them
            server.check_soon(uri, 0)


_WATCHED = ("**/*.{net,train}", "**/{netdsl.toml,.netdsl.toml,pyproject.toml}")


def _watch_files(server: NetworkServer) -> None:
    """Ask the editor to say when files change that open texts may use, or that hold their settings."""
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions(
        [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
    )
    registration = types.Registration("netdsl-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    server.client_register_capability(types.RegistrationParams([registration]))


def _tell(server: NetworkServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        position = own_position(params.position)
        found = await server.ask(lambda: server.desk.hover(params.text_document.uri, position))
        return hover_of(*found) if found is not None else None

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hints(params: types.InlayHintParams) -> list[types.InlayHint]:
        lines = own_range(params.range)
        found = await server.ask(lambda: server.desk.hints(params.text_document.uri, lines))
        if found is None:
            return []
        sheet, hints = found
        return [inlay_hint(sheet.positions, hint) for hint in hints]

    # Letters ask by themselves. A bracket or a blank must not: the Enter after it would take an item.
    triggers = types.CompletionOptions(trigger_characters=["@", '"'])

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        position = own_position(params.position)
        found = await server.ask(lambda: server.desk.completion(params.text_document.uri, position))
        return completion_list(*found) if found is not None else types.CompletionList(False, [])

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        found = await server.ask(lambda: server.desk.symbols(params.text_document.uri))
        return [symbol(found[0].positions, one) for one in found[1]] if found is not None else []

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    async def folding(params: types.FoldingRangeParams) -> list[types.FoldingRange]:
        found = await server.ask(lambda: server.desk.folds(params.text_document.uri))
        return [folding_range(fold) for fold in found or ()]


def _find(server: NetworkServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> types.Location | None:
        uri, position = params.text_document.uri, own_position(params.position)
        found = await server.ask(lambda: server.desk.definition(uri, position))
        return location(_here(uri, found[0]), found[1]) if found is not None else None

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        uri, position = params.text_document.uri, own_position(params.position)
        declared = params.context.include_declaration
        found = await server.ask(lambda: server.desk.references(uri, position, definition=declared))
        return [location(_here(uri, found[0]), one) for one in found[1]] if found is not None else []

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    async def highlights(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
        uri, position = params.text_document.uri, own_position(params.position)
        found = await server.ask(lambda: server.desk.highlights(uri, position))
        return [types.DocumentHighlight(lsp_range(one)) for one in found or ()]


def _change(server: NetworkServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
        uri, position = params.text_document.uri, own_position(params.position)
        found = await server.ask(lambda: server.desk.renameable(uri, position))
        if found is None or isinstance(found, Refused):
            raise JsonRpcInvalidParams(_reason(found))
        return types.PrepareRenamePlaceholder(range=lsp_range(found[1]), placeholder=found[2])

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit:
        uri, position = params.text_document.uri, own_position(params.position)
        found = await server.ask(lambda: server.desk.rename(uri, position, params.new_name))
        if found is None or isinstance(found, Refused):
            raise JsonRpcInvalidParams(_reason(found))
        return workspace_edit(_here(uri, found[0]), found[1])

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        found = await server.ask(lambda: server.desk.formatting(params.text_document.uri))
        if found is None:
            return []
        source, positions, edits = found
        return [text_edit(positions, source, edit) for edit in edits]

    kinds = [
        types.CodeActionKind.QuickFix,
        types.CodeActionKind.RefactorRewrite,
        types.CodeActionKind.SourceFixAll,
    ]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    async def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, lines = params.text_document.uri, own_range(params.range)
        found = await server.ask(lambda: server.desk.actions(uri, lines))
        if found is None:
            return []
        here = _here(uri, found[0])
        made = [code_action(here, action, server.pages) for action in found[1]]
        only = params.context.only
        return [one for one in made if only is None or any(_is_of(one.kind, wanted) for wanted in only)]


def _here(uri: str, sheet: Sheet) -> Here:
    return Here(uri, sheet.source, sheet.positions)


def _is_of(kind: Any, wanted: Any) -> bool:
    """Whether an action is of a kind, or of one below it: `refactor.rewrite` is of `refactor`."""
    kind, wanted = getattr(kind, "value", kind), getattr(wanted, "value", wanted)
    return bool(kind == wanted or str(kind).startswith(f"{wanted}."))


def _reason(found: Refused | None) -> str:
    return found.reason if found is not None else "this could not be renamed"
