"""The section `pii` of a recipe: what becomes of personal data, by kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from schemas.findings import Action, Finding
from schemas.part import Location, Part, Share

PersonKind = Literal["name", "address"]
Kind = Literal[
    "email",
    "phone",
    "ip",
    "iban",
    "card",
    "national_id",
    "secret",
    "password",
    "coordinates",
    "name",
    "address",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

PiiAction = Literal["keep", "tag", "mask", "reject"]
ACTIONS: tuple[PiiAction, ...] = get_args(PiiAction)

LEAST_CERTAINTY = 0.5
"""Findings below are left alone unless a recipe asks for them: each of these is likelier to be a
measurement, a part number or a section number than somebody's data."""


def _in_a_mapping(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not 0 <= value <= 1:  # once, and not for each kind
            raise ValueError(f"a number from 0 to 1 belongs here, not {value}")
        return dict.fromkeys(KINDS, value)
    return value


class _OrNumber:
    """Metadata: the JSON Schema also accepts one number for all kinds."""

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of the mapping, or of a number."""
        return {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, handler(core_schema)]}


Certainties = Annotated[dict[Kind, Share], BeforeValidator(_in_a_mapping), _OrNumber()]


class People(Part):
    """A checkpoint that finds names and addresses of people: it gives each token a label."""

    model: Location = Field(
        description="The token-classification checkpoint: a model id of the Hugging Face Hub, or a "
        "local folder. It needs a fast tokenizer (`tokenizer.json`)."
    )
    revision: Annotated[str, Field(pattern="^[0-9a-f]{40}$")] | None = Field(
        default=None, description="The commit of the Hub model, 40 hex digits."
    )
    labels: Annotated[dict[str, PersonKind], Field(min_length=1)] = Field(
        default={"PER": "name"},
        description="Which of its labels, without `B-` and `I-`, are which kind.",
    )
    max_tokens: Annotated[int, Field(ge=32)] = Field(
        default=512, description="The tokens of a window; longer texts are read in several."
    )
    dtype: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="The numbers that the model computes in; `bfloat16` is faster on a GPU and "
        "less exact.",
    )

    def __hash__(self) -> int:
        """Finders are kept by their settings, of which labels are a mapping."""
        fields = (self.model, self.revision, self.max_tokens, self.dtype)
        return hash((*fields, *sorted(self.labels.items())))

    def kind_of(self, label: str) -> PersonKind | None:
        """What a label of the checkpoint stands for.

        >>> People(model="ner").kind_of("B-PER")
        'name'
        """
        return self.labels.get(label[2:] if label[:2] in ("B-", "I-") else label)


class Personal(Part):
    """What becomes of personal data, by kind.

    `keep` leaves a kind alone, `tag` lists it in the row, `mask` puts a placeholder such as
    `[EMAIL]` in its place in the text and in the picture, and `reject` makes the row a reject. A
    recipe may give one action for all kinds, as in `pii: mask`.
    """

    default: PiiAction = Field(
        default="tag", description="What becomes of the kinds that are not named here."
    )
    email: PiiAction | None = Field(
        default=None, description="E-mail addresses, also spelled `name (at) host (dot) org`."
    )
    phone: PiiAction | None = Field(
        default=None,
        description="Telephone and fax numbers: international ones, and national ones of the "
        "countries of the page's language.",
    )
    ip: PiiAction | None = Field(
        default=None, description="Public IPv4 and IPv6 addresses; never private or reserved ones."
    )
    iban: PiiAction | None = Field(
        default=None, description="International bank account numbers with a right checksum."
    )
    card: PiiAction | None = Field(
        default=None,
        description="Numbers of payment cards with a right checksum and a known issuer.",
    )
    national_id: PiiAction | None = Field(
        default=None,
        description="Numbers that a state gives its people, such as those of social insurance, "
        "health insurance and tax, with a right checksum or with words that name them.",
    )
    secret: PiiAction | None = Field(
        default=None, description="Keys and tokens of well-known makers, and private keys."
    )
    password: PiiAction | None = Field(
        default=None, description="What stands after a word such as `password:` and looks like one."
    )
    coordinates: PiiAction | None = Field(
        default=None, description="Precise coordinates beside words about somebody's home."
    )
    name: PiiAction | None = Field(default=None, description="Names of people; they need `people`.")
    address: PiiAction | None = Field(
        default=None, description="Postal addresses of people; they need `people`."
    )
    people: People | None = Field(
        default=None, description="A checkpoint that finds names and addresses of people."
    )
    min_certainty: Certainties = Field(
        default={},
        description="The least certainty of a finding, from 0 to 1, for all kinds or by kind; "
        f"{LEAST_CERTAINTY} for kinds that are not named.",
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The JSON Schema accepts the name of an action, too, as the validator below does."""
        return {"anyOf": [{"enum": list(ACTIONS)}, handler(core_schema)]}

    @model_validator(mode="before")
    @classmethod
    def _one_action(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in ACTIONS:
            names = f"{', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}"
            raise ValueError(f"no action {value!r}; name {names}, or give actions by kind")
        return {"default": value}

    @model_validator(mode="after")
    def _names_need_a_model(self) -> Personal:
        found = set(self.people.labels.values()) if self.people is not None else set()
        for kind in get_args(PersonKind):
            if getattr(self, kind) not in (None, "keep") and kind not in found:
                remedy = "give its label in `people.labels`" if found else "give `people.model`"
                raise ValueError(f"{kind}: only a model finds it; {remedy}")
        return self

    def action_of(self, kind: str) -> Action | None:
        """What becomes of a finding of this kind; None where it is kept without a word.

        >>> settings = Personal(default="mask", ip="keep")
        >>> settings.action_of("email"), settings.action_of("ip")
        ('mask', None)
        """
        own: PiiAction | None = getattr(self, kind)
        action = self.default if own is None else own
        return None if action == "keep" else action

    def counts(self, finding: Finding) -> bool:
        """Whether a finding is sure enough for its kind, and not kept."""
        floor = self.min_certainty.get(cast("Kind", finding.kind), LEAST_CERTAINTY)
        return finding.certainty >= floor and self.action_of(finding.kind) is not None

    @property
    def masked_kinds(self) -> frozenset[Kind]:
        """The kinds whose values are masked."""
        return frozenset(kind for kind in KINDS if self.action_of(kind) == "mask")
