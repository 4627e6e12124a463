"""From tree to network: one pass that finds out what every layer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from netdsl.diagnostics import Findings
from netdsl.graph.draft.default_activation import activation_layer, places_to_activate, put_activations
from netdsl.graph.draft.entries import Counted, Draft, Entry, Gap, Open, Projection, counted_in_front
from netdsl.graph.draft.inputs import check_sources
from netdsl.graph.draft.missing_options import Missing
from netdsl.graph.draft.shared_weights import alike, model_key, options_of, shares_of
from netdsl.graph.expanded_layers import ExpandedLayer, Role
from netdsl.graph.expressions.coercion import TABLE_LIMIT, TOO_MANY_CONNECTIONS
from netdsl.graph.expressions.evaluate import Environment
from netdsl.graph.macros.blocks import read_blocks, read_lets
from netdsl.graph.macros.expand import Expansion
from netdsl.graph.macros.incoming_channels import VolumesAhead
from netdsl.graph.macros.scopes import Scopes
from netdsl.graph.names.kinds_and_labels import LayerHead, read_head
from netdsl.graph.names.labels import check_labels, check_parameters, report_joined_labels
from netdsl.graph.names.reserved_names import names_of_numbers
from netdsl.graph.names.unique_names import Names
from netdsl.graph.names.weight_sharing import without_phrase
from netdsl.graph.network import Claim, Node
from netdsl.graph.options.cache import known_options
from netdsl.graph.options.reader import read_options
from netdsl.graph.options.volumes import Written, volume_options
from netdsl.graph.papers import in_our_words
from netdsl.graph.statements.defaults import Defaults, read_defaults
from netdsl.graph.statements.expectations import read_expectation
from netdsl.graph.statements.headers import chosen_dialect, network_name
from netdsl.layers.alike import layer_like
from netdsl.layers.layer import Layer
from netdsl.layers.option import Option, OptionType
from netdsl.layers.registry import kind_named
from netdsl.quantities import Size, Volume
from netdsl.source import Source, Span
from netdsl.syntax import tree

if TYPE_CHECKING:
    from netdsl.graph.layer_patterns import Pattern
    from netdsl.recipe.written import WrittenRecipe


def resolve(file: tree.File, source: Source, findings: Findings) -> Draft | None:
    """The network that a file describes; None where it describes none at all."""
    return _Resolution(in_our_words(file, findings).file, source, findings).resolve()


class _Resolution:
    """The state of one pass: what repeated layers share is read once."""

    def __init__(self, file: tree.File, source: Source, findings: Findings) -> None:
        self.file = file
        self.source = source
        self.findings = findings
        self.heads: dict[int, LayerHead] = {}
        self.layers: dict[Any, Layer] = {}
        self.ahead: dict[Any, Layer] = {}
        self.own_options: dict[Any, dict[str, Written]] = {}
        self.complete: dict[Any, tuple[Layer, dict[str, Span], Span]] = {}
        self.known: dict[Any, tuple[Layer, dict[str, Span], Span]] = {}
        self.unclear: set[Any] = set()
        self.unplaced: dict[Any, Span] = {}
        self.claims: dict[int, Claim | None] = {}
        self.hidden: frozenset[int] = frozenset()
        self.numbers = names_of_numbers(file)
        self.bare_blocks: tuple[str, ...] = ()
        self.projections: dict[Any, Size | None] = {}
        self.tables: dict[type[Layer], tuple[str, ...]] = {}
        self.connections: dict[int, int] = {}
        self.missing = Missing(self.head_of, findings)
        self.dialect = chosen_dialect(self._statements(tree.Dialect), findings)
        self.entries: list[Entry] = []

    def resolve(self) -> Draft | None:
        elements = self._statements(
            tree.Layer, tree.Group, tree.Join, tree.Call, tree.Reference, tree.Unreadable
        )
        name = network_name(self._statements(tree.NetName), self.source, self.findings)
        environment = read_lets(self._statements(tree.Let), Environment({}), self.findings)
        blocks, broken = read_blocks(self._statements(tree.Block), self.findings)
        self.bare_blocks = tuple(name for name, block in blocks.items() if not block.parameters)
        if blocks:
            from netdsl.graph.macros.shadowed_kinds import report_shadowed_kinds

            self.hidden = report_shadowed_kinds(self.file.statements, blocks, self.findings)
        defaults = read_defaults(self._statements(tree.Default), environment, self.findings)
        expectations = self._read(tree.Expect, read_expectation)
        patterns = self._patterns()
        scopes = Scopes(blocks, broken, environment, self.findings, elements)
        ahead = VolumesAhead(
            lambda step, steps, inputs: self._layer_ahead(step, steps, inputs, defaults), self._claimed_ahead
        )

        def volume_behind(steps: list[ExpandedLayer], place: int) -> Volume | None:
            return self._settled(ahead.behind(steps, place), defaults)

        expansion = Expansion(scopes, self.head_of, volume_behind, self.findings)
        steps = expansion.expand(elements)
        if not steps:
            if not self.findings.found:
                self.findings.add(
                    "ND215", "there is no layer here", Span(0, len(self.source.text)), help=_FIRST_LINES
                )
            return None
        for text in (elements, *(block.statements for block in blocks.values())):
            check_labels(text, self.head_of, self.findings, scopes.is_call)
        for block in blocks.values():
            check_parameters(block, self.head_of, self.findings)
        names = Names({step.label for step in steps})
        for step in steps:
            self.findings.use = step.use
            self._place(step, defaults, names)
            if self.entries[-1].use is not step.use:
                self.entries[-1] = self.entries[-1]._replace(use=step.use)
        self.missing.report()
        del self.missing  # it refers back to this object: a circle, which lies about until it is looked for
        self.findings.use = None
        if blocks:
            from netdsl.graph.macros.unread_parameters import report_unread_parameters

            report_unread_parameters(blocks.values(), environment.readings, self.findings)
        self._check_input(steps, asked=expansion.unsettled is not None)
        entries = self.entries
        references = {
            place: dict(step.references)
            for place, step in enumerate(steps)
            if step.references and entries[place].inputs  # an input reads nothing, whatever stands before it
        }
        implied: dict[int, int] = {}
        if defaults.activation is not None:
            implied = places_to_activate(entries, references)
            layer = activation_layer(defaults.activation, self.dialect, self.findings)
            if layer is not None:
                entries = put_activations(entries, defaults.activation, layer, implied, names, references)
        if references:
            from netdsl.graph.draft.early_references import report_early_references

            report_early_references(self.entries, references, implied, defaults.activation, self.findings)
        return Draft(
            name,
            tuple(entries),
            expectations,
            patterns,
            self.source,
            self.dialect,
            names,
            self._recipe(),
            expansion.unsettled,
            environment.readings,
        )

    def _patterns(self) -> tuple[Pattern, ...]:
        if not self._statements(tree.ExpectPattern):
            return ()
        from netdsl.graph.layer_patterns import read_pattern  # few networks have one

        return self._read(tree.ExpectPattern, read_pattern)

    def _recipe(self) -> WrittenRecipe | None:
        """What ``train { }`` says; reading it is loaded only where there is one."""
        blocks = self._statements(tree.Train)
        if not blocks:
            return None
        from netdsl.recipe.written import read_blocks

        return read_blocks(blocks, self.findings)

    def _statements(self, *types: type[Any]) -> tuple[Any, ...]:
        return tuple(statement for statement in self.file.statements if isinstance(statement, types))

    def head_of(self, layer: tree.Layer) -> LayerHead:
        """The head of a layer, read once however often a group repeats it."""
        head = self.heads.get(id(layer))
        if head is None:
            head = self.heads[id(layer)] = without_phrase(read_head(layer, self.numbers))
        return head

    def _read(self, type: type[Any], read: Callable[[Any, Findings], Any]) -> tuple[Any, ...]:
        """What the statements of a type say, those left out that say nothing."""
        found = [read(statement, self.findings) for statement in self._statements(type)]
        return tuple(value for value in found if value is not None)

    def _place(self, step: ExpandedLayer, defaults: Defaults, names: Names) -> None:
        index = len(self.entries)
        written = step.layer
        known = self.known.get(_key_of(step)) if step.shares is None else None
        if known is not None:
            layer, spans, span = known
            begins = layer.inputs == 0
            name = names.labelled(step.label) if step.label else names.of_kind(layer.keyword, single=begins)
            claim = self._claim(step) if step.claim is not None else None
            inputs = () if begins else step.inputs
            self.entries.append(Node(index, name, layer, inputs, span, spans, claim, False, step.use))
            return
        if isinstance(written, tree.Unreadable):
            name = names.labelled(step.label) if step.label else names.of_kind("LAYER", single=False)
            self.entries.append(Gap(index, name, step.inputs, written.span, self._claim(step)))
            return
        if step.role is Role.PROJECT:
            self._project(step, written)
            return
        head = self.head_of(written)
        kind = _kind_of(step, head)
        if kind is None:
            if id(written) in self.unplaced:
                self.findings.shows_again(written.span)
            else:
                self.unplaced[id(written)] = written.span
                from netdsl.graph.names.unknown_kinds import report_unknown_kind

                report_unknown_kind(
                    head,
                    self.findings,
                    layer=written,
                    alone=step.group is None,
                    list_all=True,
                    blocks=self.bare_blocks,
                    numbers=self.numbers,
                )
            name = names.labelled(step.label) if step.label else names.of_kind("LAYER", single=False)
            self.entries.append(Gap(index, name, step.inputs, written.span, self._claim(step)))
            return
        name = (
            names.labelled(step.label) if step.label else names.of_kind(kind.keyword, single=kind.inputs == 0)
        )
        self.entries.append(self._entry(step, written, kind, head, defaults, name))

    def _entry(
        self,
        step: ExpandedLayer,
        written: tree.Layer,
        kind: type[Layer],
        head: LayerHead,
        defaults: Defaults,
        name: str,
    ) -> Entry:
        """The layer that a step stands for; a gap where something is wrong with it."""
        index = len(self.entries)
        claim = self._claim(step)
        inputs = step.inputs if kind.inputs != 0 else ()
        owner = self.entries[step.shares.step] if step.shares is not None else None
        if isinstance(owner, Gap) or (
            owner is not None and not alike(step, kind, name, owner, self.findings)
        ):
            return Gap(index, name, inputs, _place_of(written), claim)
        shares = shares_of(step, owner)
        model = owner if shares is not None and not shares.whole else None
        key = (id(written), kind, id(step.environment), id(step.where_values), model_key(model))
        if key in self.complete:
            layer, spans, span = self.complete[key]
            if self._has_table(layer) and self._too_many_connections(layer, span):
                return Gap(index, name, inputs, span, claim)
            return Node(index, name, layer, inputs, span, spans, claim, use=step.use, shares=shares)
        if key in self.unplaced:  # what is wrong with it is said
            self.findings.shows_again(self.unplaced[key])
            return Gap(index, name, inputs, self.unplaced[key], claim)
        span = step.span or _place_of(written)
        gap = Gap(index, name, inputs, span, claim)
        if id(written) in self.hidden:
            return gap
        branches = kind.inputs is None and step.role is not Role.JOIN
        if branches and report_joined_labels(kind.keyword, head.span, self.findings):
            self.unplaced[key] = span
            return gap
        options = self._options(step, written, kind, head, defaults, model)
        unclear = key[:3] in self.unclear or kind in defaults.unclear
        if not self._takes(kind, head, step) or unclear:
            self.unplaced[key] = span
            return gap  # what is wrong is said; what is missing may only be misspelt
        values = {option: value.value for option, value in options.items()}
        spans = {option: value.span for option, value in options.items()}
        lacking = kind.lacking(values)
        solvable = claim is not None and all(option.type in _SOLVABLE for option in lacking)
        third = _third_extent(kind, values, lacking)
        if third:
            names = tuple(option.name for option in lacking)
            other: Open | Gap = gap
            if claim is not None:
                other = Open(index, name, kind, values, names, inputs, span, spans, claim)
            other = other if isinstance(other, Gap) else other._replace(shares=shares)
            counted = Counted(index, name, kind, values, names[0], third, inputs, span, spans, claim, other)
            return counted._replace(shares=shares)
        if lacking and not solvable:
            self.missing.add(step, kind, name, lacking)
        if None in values.values() or (lacking and not solvable):
            if not lacking:
                self.unplaced[key] = span
            return gap
        if lacking and claim is not None:
            names = tuple(option.name for option in lacking)
            return Open(index, name, kind, values, names, inputs, span, spans, claim, shares=shares)
        layer = self._shared(kind, values)
        self.complete[key] = layer, spans, span
        if step.shares is None and not self._has_table(layer):
            self.known[_key_of(step)] = layer, spans, span
        return Node(index, name, layer, inputs, span, spans, claim, use=step.use, shares=shares)

    def _layer_ahead(
        self, step: ExpandedLayer, steps: list[ExpandedLayer], inputs: tuple[Volume, ...], defaults: Defaults
    ) -> Layer | None:
        """The layer of a step while the network is still expanded; None where it is not complete."""
        if not isinstance(step.layer, tree.Layer):
            return None
        step_key = _key_of(step) if step.shares is None else None
        known = self.ahead.get(step_key) if step_key is not None else None
        if known is not None:
            return known
        head = self.head_of(step.layer)
        kind = _kind_of(step, head)
        if kind is None or id(step.layer) in self.hidden:
            return None
        model = None
        if step.shares is not None and not step.shares.whole:
            model = self._layer_ahead(steps[step.shares.step], steps, inputs, defaults)
        options = self._options(step, step.layer, kind, head, defaults, model)
        values = {option: value.value for option, value in options.items()}
        lacking = kind.lacking(values)
        third = _third_extent(kind, values, lacking)
        turned = bool(third) and counted_in_front(values["kernel"], values[third])
        if third and not turned and inputs and inputs[0].channels != values[third]:
            values[lacking[0].name] = values.pop(third)
        lacks = bool(kind.lacking(values))
        if lacks or None in values.values() or (id(step.layer), kind, id(step.environment)) in self.unclear:
            return None
        layer = self._shared(kind, values)
        if step_key is not None and not third:
            self.ahead[step_key] = layer
        return layer

    def _settled(self, volume: Volume | None, defaults: Defaults) -> Volume | None:
        """A volume for `channels`; None, with a finding, where the default activation may change it."""
        default = defaults.activation
        layer = activation_layer(default, self.dialect, self.findings) if default and volume else None
        if default is None or volume is None or layer is None or layer.volume(volume) == volume:
            return volume
        message = f"`channels` is not known where {layer.keyword} is the default activation"
        cure = f"write {layer.keyword} after the layers"
        self.findings.add("ND246", message, default.span, "changes how many there are", help=(cure,))
        return None

    def _claimed_ahead(self, step: ExpandedLayer) -> Volume | None:
        claim = self._claim(step)
        return claim.volume if claim is not None else None

    def _has_table(self, layer: Layer) -> bool:
        tables = self.tables.get(type(layer))
        if tables is None:
            options = type(layer).options().values()
            names = tuple(option.name for option in options if option.type is OptionType.TABLE)
            tables = self.tables[type(layer)] = names
        return any(layer.__dict__[name] is not None for name in tables)

    def _too_many_connections(self, layer: Layer, span: Span) -> bool:
        """Whether the tables of the layers so far have more connections than a network may have; they
        are printed with every layer."""
        rows = [layer.__dict__[name] or () for name in self.tables[type(layer)]]
        if id(layer) not in self.connections:
            self.connections[id(layer)] = sum(len(row) for table in rows for row in table)
        excessive = self.findings.spend("connections", self.connections[id(layer)]) > TABLE_LIMIT
        if excessive and not self.findings.heard("ND109", span):
            self.findings.add("ND109", TOO_MANY_CONNECTIONS, span)
        return excessive

    def _shared(self, kind: type[Layer], values: dict[str, Any]) -> Layer:
        """One object for all layers that are alike."""
        key = (kind, *sorted(values.items()))
        layer = self.layers.get(key)
        if layer is None:
            layer = self.layers[key] = layer_like(kind, self.dialect, values)
        return layer

    def _takes(self, kind: type[Layer], head: LayerHead, step: ExpandedLayer) -> bool:
        """Whether the kind takes as many volumes as the step has."""
        joins = kind.inputs is None
        if joins == (step.role is Role.JOIN) and (not joins or len(step.inputs) > 1):
            return True
        if joins:
            message, cure = f"{kind.keyword} joins two or more branches", f"{kind.keyword}[ RELU | SKIP ]"
        else:
            message, cure = (
                f"{kind.keyword} takes one volume and no branches",
                "ADD[ CONV 64 3x3 pad 1 | SKIP ]",
            )
        cures = [f"write `{cure}`"]
        if not joins and len(step.inputs) == 1:
            cures.insert(0, "if a group follows, chain it with ` - ` or begin a new line")
        self.findings.add("ND220", message, head.span, help=tuple(cures))
        return False

    def _project(self, step: ExpandedLayer, written: tree.Layer) -> None:
        """PROJECT with its stride; which layers it becomes depends on volumes."""
        key = (id(written), id(step.environment))
        if key not in self.projections:
            from netdsl.layers.project import Project  # few networks have one

            words = written.items if written.labelled else (*written.words, *written.items)
            options = tuple(sorted(words[1:], key=lambda item: item.span.start))  # a size may stand first
            read = read_options(Project, options, self.findings, step.environment)
            self.projections[key] = read["stride"][0].value if "stride" in read else Size(1, 1)
        stride = self.projections[key]
        place, shares = len(self.entries), step.shares.step if step.shares is not None else None
        entry: Entry = Projection(
            place, step.inputs, stride or Size(1, 1), _place_of(written), step=place, shares=shares
        )
        if stride is None:
            entry = Gap(len(self.entries), "PROJECT", step.inputs, written.span, None)
        self.entries.append(entry)

    def _claim(self, step: ExpandedLayer) -> Claim | None:
        if step.claim is None:
            return None
        key = id(step.claim)
        if key not in self.claims:
            from netdsl.graph.statements.claims import read_claim  # chains have none

            notes = step.layer.notes if isinstance(step.layer, tree.Layer) else ()
            use, self.findings.use = self.findings.use, None  # whoever uses the text, it is read so
            self.claims[key] = read_claim(step.claim, notes, self.findings)
            self.findings.use = use
        return self.claims[key]

    def _options(
        self,
        step: ExpandedLayer,
        written: tree.Layer,
        kind: type[Layer],
        head: LayerHead,
        defaults: Defaults,
        model: Entry | Layer | None = None,
    ) -> dict[str, Written]:
        """All options that are written anywhere for a layer: its own win, then where, then those of the
        ``model`` whose weights it works with, or else default."""
        key = (id(written), kind, id(step.environment))
        own = self.own_options.get(key)
        if own is None:
            reports = self.findings.reports
            own = known_options(kind, head.options, self.findings, step.environment)
            if written.claim is not None and not own:
                own = volume_options(kind, written.claim.value, self.findings)
            if self.findings.reports > reports:
                self.unclear.add(key)
            self.own_options[key] = own
        common = defaults.options.get(kind) if model is None else options_of(model, kind, head.span)
        if not common and not step.where_values:
            return own
        return {**(common or {}), **step.where_values, **own}

    def _check_input(self, steps: list[ExpandedLayer], *, asked: bool) -> None:
        """The first layer takes no volume: it is the input. Others that take none are inputs too.

        ``asked`` says whether a layer could not be read for want of a volume.
        """
        sources = [entry for entry in self.entries if isinstance(entry, Node) and entry.layer.inputs == 0]
        first = steps[0].layer
        first_kind = self.head_of(first).kind if isinstance(first, tree.Layer) else None
        lacks = first_kind is not None and first_kind.inputs != 0
        if not sources and (lacks or (asked and isinstance(first, tree.Unreadable))):
            self.findings.add(
                "ND208",
                "the network has no input",
                self.entries[0].span,
                "the first layer needs a volume to work on",
                help=("begin with `input 32x32x3`: height, width and channels of an image", "or `input 784`"),
            )
        if len(sources) > 1 or any(node.position for node in sources):
            check_sources(self.entries, sources, steps, self.findings)


def _key_of(step: ExpandedLayer) -> tuple[Any, ...]:
    """What a layer follows from that shares no weights: repetition has the same again."""
    joins = step.role is Role.JOIN
    return (id(step.layer), id(step.environment), id(step.where_values), step.kind, joins)


def _kind_of(step: ExpandedLayer, head: LayerHead) -> type[Layer] | None:
    """The kind of a step; some are called otherwise where they join branches."""
    kind = step.kind or head.kind
    joins = kind is not None and kind.joining and step.role is Role.JOIN
    return kind_named(kind.joining) if kind is not None and joins else kind


def _third_extent(kind: type[Layer], values: dict[str, Any], lacking: list[Option[Any]]) -> str:
    """The option with the third extent of `3x3x64`, where a count is all that is lacking; empty where not."""
    if len(lacking) != 1 or lacking[0].type is not OptionType.COUNT or None in values.values():
        return ""
    thirds = (option.third for option in kind.options().values())
    return next((third for third in thirds if third and third in values), "")


_FIRST_LINES = (
    "begin with the input: `input 32x32x1`",
    "then one layer a line, or a chain: `[CONV 6 5x5 - RELU]`",
)

_SOLVABLE = (OptionType.COUNT, OptionType.SIZE, OptionType.PADDING)
"""The types of options that a claimed volume may decide."""


def _place_of(written: tree.Layer) -> Span:
    """The layer without its claim, which has a place of its own, and without a remark behind it."""
    parts = [part.span for part in (*written.words, *written.items, *written.notes)]
    return Span(min(parts).start, max(part.end for part in parts))
