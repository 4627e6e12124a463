"""The entries of a recipe: what each takes, how it is read and written, and what it is by default."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, NamedTuple

from netdsl.augmentations import augmentations
from netdsl.augmentations.augmentation import Augmentation
from netdsl.initializers import initializer_kinds
from netdsl.layers.option import OptionType
from netdsl.losses import loss_kinds
from netdsl.optimizers import optimizers
from netdsl.recipe.component import Component
from netdsl.recipe.line import LENGTH_LIMIT, EntryError, Line, plain_phrase
from netdsl.recipe.reading import read_component
from netdsl.recipe.recipe import Recipe
from netdsl.recipe.search import read_search, search_text
from netdsl.schedules import schedules
from netdsl.schedules.piecewise import Piecewise
from netdsl.schedules.schedule import Schedule

LONGEST_NAME = 4096
"""Characters of the name of data."""

_PLAIN_NAME = re.compile(r"[\w./+-]+")
"""Names of classes that need no quotes."""


class Entry(NamedTuple):
    """One entry of a recipe, and one option of the command line.

    ``spellings`` are what else it is called; ``sentence`` says what it decides, ``syntax`` what may be
    written. ``read`` takes its value from a line and raises EntryError; ``text`` writes it so that ``read``
    gives it back, and nothing for a value that stands for none. ``plain`` values are numbers or names of
    their own, which JSON holds as they are. ``listed`` ones are items with commas between them, which an
    option of the command line may give one by one.
    """

    name: str
    syntax: str
    sentence: str
    read: Callable[[Line], Any]
    text: Callable[[Any], str] = str
    plain: bool = False
    metavar: str = "TEXT"
    spellings: tuple[str, ...] = ()
    listed: bool = False

    @property
    def default(self) -> Any:
        return Recipe._field_defaults[self.name]

    @property
    def default_text(self) -> str:
        """The default as a recipe writes it; empty where nothing is done by default."""
        return self.text(self.default)


def _component_text(component: Component) -> str:
    return component.text()


def _names(*_: object) -> frozenset[str]:
    """The words that begin an entry, or the setting of a component on a line of its own."""
    return frozenset(entry_phrases()) | frozenset(setting_phrases())


def _split(line: Line) -> str:
    span = line.rest()
    text = line.text_value("the split, such as 80/10/10,")
    try:
        shares = [Decimal(part) for part in text.split("/")] if len(text) <= LENGTH_LIMIT else []
    except InvalidOperation:
        shares = []
    if len(shares) != 3 or not all(share.is_finite() and share > 0 for share in shares):
        cure = "write `split 80/10/10`: train/validation/test"
        raise EntryError("ND531", "a split is three percentages above 0", span, cure)
    if sum(shares) != 100:
        message = f"the percentages of a split add up to 100, not to {sum(shares)}"
        raise EntryError("ND531", message, span)
    return text


def _schedule(line: Line) -> Schedule:
    """``warmup N`` may come before each schedule, and alone."""
    warmup = 0
    if line.sign("warmup"):
        warmup = line.count("the warmup, in epochs,")
        line.unit("epochs", "epoch")
        mark = line.mark()
        if not line.sign(",", "then", ":") and not line.peek_number():
            following = line.word()
            line.reset(mark)
            if following not in schedules():
                return schedules()["constant"](warmup=warmup)
        line.sign("then")
        if line.sign("warmup"):
            cure = "write `schedule warmup 5, cosine`"
            raise EntryError("ND531", "a warmup comes first, and only once", line.since(line.offset), cure)
    if line.peek_number():
        return Piecewise.read(line).replaced(warmup=warmup)
    schedule = read_component(line, "schedule", _named_schedules(), _names(), commas=False)
    return schedule.replaced(warmup=warmup) if warmup else schedule


def _named_schedules() -> dict[str, type[Schedule]]:
    """Those that are written by name, not as numbers."""
    return {name: kind for name, kind in schedules().items() if kind is not Piecewise}


def _schedule_text(schedule: Schedule) -> str:
    rest = schedule.replaced(warmup=0).text()
    return f"warmup {schedule.warmup}, {rest}" if schedule.warmup else rest


def _augment(line: Line) -> tuple[Augmentation, ...]:
    if line.sign("none"):
        return ()
    found: list[Augmentation] = []
    while True:
        span = line.rest()
        one = read_component(line, "augmentation", augmentations(), _names(), commas=False)
        if any(one.name == earlier.name for earlier in found):
            raise EntryError("ND531", f"`{one.name}` is given twice", span)
        border = one.values().get("border")
        others = [earlier for earlier in found if earlier.values().get("border")]
        if border and others and others[0].values()["border"] != border:
            shown = f"`{others[0].name}` says {others[0].values()['border']}"
            cure = "give it once: it applies to everything that moves images"
            raise EntryError("ND531", "one image has one border", span, cure, label=shown)
        found.append(one)
        if not line.sign(","):
            return tuple(found)


MOST_PATTERNS = 16
"""Names of a recipe with a `*`, each of which is compared with all layers."""


def _unless_none(read: Callable[[Line], Any], nothing: Any, *, listed: bool = False) -> Callable[[Line], Any]:
    """``none`` takes back what a file says, on the command line; in a list, ``listed``, it may be a name."""

    def value(line: Line) -> Any:
        mark = line.mark()
        if line.sign("none"):
            behind = line.text[line.offset : line.offset + 1]
            if not behind.strip(" \t," if not listed else " \t") and not (listed and line.sign(",")):
                return nothing
        line.reset(mark)
        return read(line)

    return value


def _layers(line: Line, entry: str, value: Callable[[Line], Any]) -> tuple[tuple[str, Any], ...]:
    """Names of layers with commas between them, each with what ``value`` reads after it."""
    found: dict[str, Any] = {}
    while True:
        span = line.rest()
        name = line.layer()
        if name in found:
            raise EntryError("ND531", f"`{name[:60]}` is named twice", span)
        if sum("*" in one for one in (*found, name)) > MOST_PATTERNS:
            raise EntryError("ND531", f"`{entry}` has at most {MOST_PATTERNS} names with `*`", span)
        found[name] = value(line)
        if not line.sign(","):
            return tuple(found.items())


def _factor(line: Line) -> tuple[tuple[str, float], ...]:
    def value(line: Line) -> float:
        line.sign("=", ":")
        return line.number("what the rate of the layer is multiplied by", 0, 1e6, above=True)

    return _layers(line, "factor", value)


def _freeze(line: Line) -> tuple[str, ...]:
    return tuple(name for name, _ in _layers(line, "freeze", lambda line: None))


def _layer_text(name: str) -> str:
    return f'"{name}"' if " " in name or "\t" in name or name.lower() == "none" else name


def _clip(line: Line) -> float:
    line.sign("norm")
    return line.number("the largest norm of the gradients", 0, 1e30, above=True)


def _accumulate(line: Line) -> int:
    batches = line.count("the number of batches of an update")
    line.unit("batches", "batch")
    return batches


def _average(line: Line) -> float:
    return line.number("the share of the average that stays", 0, MOST_KEPT, above=True)


MOST_KEPT = 0.999999
"""Of a running average, from one update to the next: in 32-bit floats it hardly moves beyond."""


def _stop(line: Line) -> int:
    """``after 5 epochs without improvement``; the words may be left out. ``never`` takes it back."""
    if line.sign("never"):
        return 0
    line.sign("after")
    epochs = line.count("the patience, in epochs,")
    line.unit("epochs", "epoch")
    if line.sign("without"):
        line.sign("improvement", "improving")
    return epochs


def _classes(line: Line) -> tuple[str, ...]:
    span = line.rest()
    found = [line.item("the name of a class")]
    while line.sign(","):
        span = line.rest()
        name = line.item("the name of a class")
        if name in found:
            raise EntryError("ND531", "two classes have one name", span, "rename one of them")
        found.append(name)
    if len(found) < 2:
        cure = "write `classes cat, dog`: the name of label 0, that of label 1, and so on"
        raise EntryError("ND531", "there are at least two classes", span, cure)
    return tuple(found)


def _classes_text(names: tuple[str, ...]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return name
    return f"“{name}”" if '"' in name else f'"{name}"'


def _data(line: Line) -> str:
    name = line.text_value("the name of the data")
    if len(name) > LONGEST_NAME:
        raise EntryError("ND531", f"the name of data has at most {LONGEST_NAME:,} characters", line.rest())
    return name


def _whole(
    name: str, syntax: str, sentence: str, what: str, least: int = 1, spellings: tuple[str, ...] = ()
) -> Entry:
    def read(line: Line) -> int:
        return line.count(what, least)

    return Entry(name, syntax, sentence, read, plain=True, metavar="N", spellings=spellings)


def _choice(
    name: str,
    what: str,
    sentence: str,
    known: Callable[[], dict[str, type[Any]]],
    spellings: tuple[str, ...],
) -> Entry:
    def read(line: Line) -> Any:
        return read_component(line, what, known(), _names())

    return Entry(
        name,
        "NAME [SETTING VALUE]...",
        sentence,
        read,
        _component_text,
        metavar="NAME...",
        spellings=spellings,
    )


_ENTRIES = (
    Entry(
        "data",
        "NAME",
        "digits, which ship with netdsl, or a folder of class folders, .npz, IDX or .csv files",
        _data,
        plain=True,
        metavar="DATA",
        spellings=("dataset",),
    ),
    Entry(
        "classes",
        "NAME, NAME, ...; or none",
        "names for classes that the data only numbers, from label 0 on",
        _unless_none(_classes, (), listed=True),
        _classes_text,
        metavar="NAME,...",
        listed=True,
    ),
    Entry("split", "A/B/C", "percentages for train/validation/test", _split, metavar="A/B/C"),
    _choice("loss", "loss", "what training minimises", loss_kinds, ("criterion", "loss function")),
    _choice(
        "optimizer", "optimizer", "how gradients change the weights", optimizers, ("optimiser", "solver")
    ),
    Entry(
        "schedule",
        "SCHEDULE",
        "how the learning rate changes",
        _schedule,
        _schedule_text,
        metavar="SCHEDULE",
        spellings=("scheduler", "lr schedule", "learning rate schedule"),
    ),
    _whole(
        "batch",
        "N",
        "images per step",
        "the batch",
        spellings=("batch size", "batchsize", "minibatch", "mini batch size"),
    ),
    _whole(
        "epochs",
        "N",
        "passes over the training images",
        "the number of epochs",
        spellings=("epoch", "num epochs", "number of epochs"),
    ),
    _whole("seed", "N", "seed of all random numbers", "the seed", 0, ("random seed",)),
    _choice(
        "init",
        "kind of initial weights",
        "initial values of the weights",
        initializer_kinds,
        ("initializer", "initialization", "initialisation"),
    ),
    Entry(
        "augment",
        "NAME [AMOUNT] [SETTING VALUE]..., ...; or none",
        "random changes of the training images, new in every epoch",
        _augment,
        lambda found: ", ".join(one.text() for one in found),
        metavar="NAME,...",
        spellings=("augmentation", "data augmentation"),
        listed=True,
    ),
    Entry(
        "factor",
        "LABEL FACTOR, ...; or none",
        "factor of the rate in single layers; `*` in a label matches anything",
        _unless_none(_factor, (), listed=True),
        lambda found: ", ".join(f"{_layer_text(name)} {factor!r}" for name, factor in found),
        metavar="LABEL X,...",
        listed=True,
    ),
    Entry(
        "freeze",
        "LABEL, ...; or none",
        "layers that do not learn; `*` in a label matches anything",
        _unless_none(_freeze, (), listed=True),
        lambda found: ", ".join(map(_layer_text, found)),
        metavar="LABEL,...",
        listed=True,
    ),
    Entry(
        "clip",
        "NORM; or none",
        "scales all gradients down together if their norm exceeds this",
        _unless_none(_clip, 0.0),
        lambda norm: repr(norm) if norm else "",
        metavar="NORM",
        spellings=("clip norm", "gradient clipping", "clip grad norm"),
    ),
    Entry(
        "accumulate",
        "N batches",
        "batches per update",
        _accumulate,
        lambda batches: f"{batches} batches" if batches > 1 else "",
        metavar="N",
    ),
    Entry(
        "average",
        "SHARE; or none",
        "share of the weights' running average that is kept in an update; validation, test and the best "
        "checkpoint use the average",
        _unless_none(_average, 0.0),
        lambda share: repr(share) if share else "",
        metavar="SHARE",
    ),
    Entry(
        "stop",
        "after N epochs without improvement; or never",
        "epochs without improvement after which the run ends; the best weights are kept",
        _stop,
        lambda epochs: f"after {epochs} epochs without improvement" if epochs else "",
        metavar="N",
        spellings=("early stopping", "patience"),
    ),
    Entry(
        "search",
        "SETTING in VALUES, ...",
        "what `netdsl search` tries",
        read_search,
        search_text,
        metavar="SEARCH",
        listed=True,
    ),
)


@cache
def entries() -> dict[str, Entry]:
    """Every entry by name, in the order of the documentation."""
    return {entry.name: entry for entry in _ENTRIES}


@cache
def entry_phrases() -> dict[str, str]:
    """All names of the entries, in words with one blank between them, and the entry that each means."""
    return {plain_phrase(name): entry.name for entry in _ENTRIES for name in (entry.name, *entry.spellings)}


_OWNERS: dict[str, Callable[[], dict[str, type[Any]]]] = {
    "optimizer": optimizers,
    "loss": loss_kinds,
    "schedule": schedules,
}


@cache
def setting_phrases() -> dict[str, tuple[str, str]]:
    """The settings that may have their own line, `lr 0.1`: the entry and the option of each phrase.

    Those of a component alone, and not what an entry is called.
    """
    return _phrases(flags=False)


@cache
def flag_phrases() -> dict[str, tuple[str, str]]:
    """The same for settings without a value, such as `all`: they mean something at the beginning of a line,
    or after another setting."""
    return _phrases(flags=True)


def _phrases(*, flags: bool) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for owner, kinds in _OWNERS.items():
        for kind in kinds().values():
            for name, option in kind.options().items():
                for word in option.words:
                    is_flag = option.type is OptionType.FLAG
                    if is_flag == flags and len(word) > 1 and word not in SHARED:
                        found.setdefault(plain_phrase(word), (owner, name))
    return {phrase: meant for phrase, meant in found.items() if phrase not in entry_phrases()}


def chosen_kinds(owner: str) -> tuple[type[Any], ...]:
    """The components that an entry can name."""
    return tuple(_OWNERS[owner]().values())


SHARED = ("to", "after", "every")
"""Words of settings that mean nothing by themselves."""


def setting_owner(recipe: Recipe, setting: str) -> str | None:
    """The entry that a setting such as `rate` or `smoothing` belongs to in a recipe; None for none."""
    if setting in entries():
        return setting
    for name in ("optimizer", "loss", "schedule", "init"):
        if setting in getattr(recipe, name).options():
            return name
    return None


def with_setting(recipe: Recipe, setting: str, value: Any) -> Recipe:
    """The recipe with another value for an entry, or for an option of what it names."""
    owner = setting_owner(recipe, setting)
    if owner is None:
        raise KeyError(setting)
    if owner == setting:
        return recipe._replace(**{setting: value})
    return recipe._replace(**{owner: getattr(recipe, owner).replaced(**{setting: value})})
