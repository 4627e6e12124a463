"""The remarks that say nothing of what a layer computes: a closed list."""

from __future__ import annotations

import re

_SOURCES = re.compile(
    r"https?://\S+|arxiv[:\s]*[0-9.v]+"
    r"|[^\W\d_][\w.-]*(?:\s*(?:,|&|and)\s*[^\W\d_][\w.-]*)*\s+et\.?\s+al\.?,?(?:\s*(?:19|20)[0-9]{2})?"
    r"|(?-i:[A-Z][\w-]*(?:,? (?:&|and) [A-Z][\w-]*)+,?) \(?(?:19|20)[0-9]{2}\)?"
    r"|(?-i:\b[A-Z]{3,8}) ?['’][0-9]{2}\b"
    r"|(?<![\w.])(?:19[89]|20[0-3])[0-9][a-z]?(?![\w.])"
    r"|(?:§+|\b(?:sections?|sec|figures?|figs?|tables?|tabs?|equations?|eqs?|chapters?|ch|appendix|pages?|pp?|"
    r"lectures?|slides?|weeks?|questions?|problems?|exercises?|homework|hw|assignments?|lines?|rows?|version|v|"
    r"ref)\b)\.?\s*\(?[0-9A-Z][0-9.a-z–-]*\)?",
    re.IGNORECASE,
)
"""Citations, years, and places in texts: ``(Krizhevsky et al., 2012)``, ``(see section 3.2)``."""

_ORDINALS = re.compile(
    r"\b(?:layer|block|stage|step|part|level|branch|module|unit|stack|task|head|path|no|number|nr)"
    r"s?\.?\s*#?\s*[0-9]{1,3}(?![0-9.x×@%])"
    r"|\b(?:layer|block|stage|part|level|branch|module|stack|task|head|path) [a-z]\b"
    r"|\b(?:conv|pool|fc|block|layer|(?-i:C))_?[0-9]{1,2}(?:_[0-9]{1,2})?[a-z]?\b"
    r"|\b[0-9]+ points?\b|1-?D (?=vector|array|list)"
    r"|#\s?[0-9]{1,3}\b|\b[0-9]{1,3}(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
"""``(block 3)``, ``(the 2nd)``."""

_LOSS = re.compile(
    r"\b(?:soft-?max|sigmoid|activation)\b[^,;()]*\b(?:loss|cross-?entropy)\b"
    r"|\b(?:for|before|into|in|to) (?:the )?(?:cross[ -]?entropy|loss|soft-?max)\b",
    re.IGNORECASE,
)
"""``(the softmax is in the loss)``, as it is in training."""

_TEXT = """
a an the this that these those it its is are was were be been being of in on at to from for by with as and
no not without or but also so after before during while until behind does do did can may must should would
will let has have gives give given giving makes make made using used use uses applied follows following
follow here there where which who what then than too very just only all every each both any some one our we
us i my you your their his her see cf ie eg i.e e.g etc vs via per like such class classes classification
classifier classify category categories score scores logit logits raw prediction predictions predicted
predictor probability probabilities output outputs result results label labels target targets answer answers
input inputs image images picture pictures photo photos pixel pixels digit digits data dataset sample
samples example examples feature features map maps volume volumes tensor vector vectors matrix value values
mnist cifar imagenet svhn fashion kmnist emnist letters cats dogs faces layer layers block blocks stage
stages step part parts level branch module stack stem backbone body neck head heads trunk tower encoder
decoder bottleneck expansion projection embedding code latent codes hidden visible network net model cnn
convnet mlp perceptron first second third fourth fifth sixth last final next previous initial early late
middle upper lower left right top bottom front back begin beginning start end ending main side auxiliary aux
extra new old own same-as original paper authors book lecture course notes homework exercise assignment
slide table figure appendix version variant style type kind form lenet alexnet vgg vggnet resnet googlenet
inception densenet mobilenet efficientnet shufflenet squeezenet unet u-net zfnet yolo small large big wide
narrow deep shallow simple basic standard usual common typical normal plain regular classic vanilla
important interesting tiny red green blue yellow orange purple grey gray black white colour color coloured
colored rgb grayscale greyscale edge edges corner corners texture textures shape shapes object objects
detector detectors detect detects pattern patterns neurons neuron filter filters kernel kernels square
spatial learned learnt trainable parameters parameter params param weights weight size sizes resolution
dimension dimensions connection operation macs mac flops field receptive sees todo tbd note remark comment
ok yes fine good activations training train time test inference inplace in-place non-linearity nonlinearity
change changes changed below above nothing array list
"""
_WORDS = frozenset(_TEXT.split())
"""Words that say nothing beside each other."""

_WORD = re.compile(r"[^\W\d_](?:[\w.'-]*\w)?")


def without_sources(text: str) -> str:
    """A remark without citations, places in texts, numbers of parts, and what training does by itself."""
    for pattern in (_SOURCES, _ORDINALS, _LOSS):
        text = pattern.sub(" ", text)
    return text


def is_harmless(text: str) -> bool:
    """Whether nothing but words of the list, and no number, is left."""
    words = (word.lower().removesuffix("'s") for word in _WORD.findall(text))
    return not re.search("[0-9%]", text) and all(
        word in _WORDS or word.removesuffix("s") in _WORDS for word in words
    )
