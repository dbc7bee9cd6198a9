"""tenure.toml and the environment, as frozen settings. The only reader of either.

Precedence: argument of the command, then environment (`TENURE_RUN__BUDGET=500`), then file, then default.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tenure.domain import Domain
from tenure.engine.duckdb import DuckDBConfig
from tenure.errors import ConfigError, nearest
from tenure.events.columns import PRESETS, check_map
from tenure.events.normalise import NormaliseConfig
from tenure.registry import find_domain
from tenure.storage.sources import Source

FILE_NAME = "tenure.toml"

_Paths = str | list[str]
_Columns = dict[str, str | list[str]]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectSection(_Section):
    """[project]: what this is."""

    name: str = "project"
    """How the project is called."""
    domain: str = "ecommerce"
    """A built-in domain, or a name of your own with [domain.events]."""
    timezone: str = "UTC"
    """Zone of times in the sources that name none."""
    seed: int = 0
    """Seed of everything random."""


class EventsSection(_Section):
    """[events]: where the event log is and how to read it."""

    paths: _Paths = Field(default_factory=list)
    """Paths or globs, relative to the folder of tenure.toml."""
    preset: str | None = None
    """A known format: segment, ga4, snowplow, personalize, gorse, movielens, recbole."""
    encoding: str = "utf-8"
    """Of delimited text."""
    time_format: str | None = None
    """strptime format of times that are neither ISO 8601 nor a number."""
    duplicates: Literal["auto", "drop", "keep"] = "auto"
    """Records alike to the last field: drop or keep them; auto = keep where times are whole days, since then they are
    likely real. Repeats of one event id are always dropped."""
    max_events_per_hour: int = Field(1_000, gt=0)
    """A user with more distinct moments than this within an hour is taken for a bot."""
    columns: _Columns = Field(default_factory=dict)
    """Field of tenure = column of the source."""


class SideSection(_Section):
    """[items] and [users]: optional tables."""

    paths: _Paths = Field(default_factory=list)
    """Paths or globs, relative to the folder of tenure.toml."""
    preset: str | None = None
    """A known format, as for the events."""
    encoding: str = "utf-8"
    """Of delimited text."""
    columns: _Columns = Field(default_factory=dict)
    """Field of tenure = column of the source."""


class RunSection(_Section):
    """[run]: choices of a run."""

    slate_length: int | None = Field(None, gt=0, le=1000)
    """Items recommended to each user; unset = the domain's."""
    horizon_days: int | None = Field(None, gt=0, le=3650)
    """Horizon of predictions; unset = the domain's."""
    budget: float | None = Field(None, ge=0)
    """What the retention plan may cost; unset = no limit."""
    control_share: float = Field(0.1, ge=0, le=0.9)
    """Share of users who are left alone at random, so that the effect can be measured."""
    keep_runs: int = Field(3, ge=1)
    """Number of runs that are kept; older ones are removed after a new one is complete."""
    threads: int | None = Field(None, gt=0)
    """Cores to use; unset = all."""
    memory_limit: str = "3GB"
    """Above this the engine spills to disk."""


class PredictSection(_Section):
    """[predict]: what is forecast, and by which models."""

    tasks: list[str] = Field(default_factory=list)
    """Questions asked of every user besides commit and value within the horizon and return: such as churn:90d,
    value:365d, commit[coupon_redeem]:30d, churn:30d@active."""
    models: list[str] = Field(default_factory=list)
    """Models that compete, by name; empty = the usual ones, which read profiles. blend mixes three models of amounts.
    lstm, gru, heart, and logistic, trees, poisson, hurdle or blend "with heart" also read the events one by one (they
    need the extra `torch`)."""
    step_days: int | None = Field(None, gt=0, le=3650)
    """Days between the past moments that are learnt from; unset = half the horizon."""
    max_rows: int = Field(150_000, ge=1_000)
    """Rows (users x moments) to learn from, at most; of more users a part is drawn. Everybody is forecast."""
    promote: bool = True
    """Let freshly trained models speak at once; false = only after `tenure models promote`."""
    keep_models: int = Field(10, ge=1)
    """Number of trained versions that are kept."""


class HeartSection(_Section):
    """[heart]: the sequence model; it needs the extra `torch`."""

    use: bool = True
    """Let `tenure run` use it where PyTorch is installed."""
    size: Literal["xs", "s", "m", "l", "xl"] = "s"
    """How large it is: see docs/heart.md."""
    attributes: bool = False
    """Let it read attributes of users, too; they carry no time: values filled in later would tell the future."""
    most_updates: int = Field(100, ge=1)
    """Updates of its weights in `tenure run`, so that a run stays short; `tenure train heart` learns to the end."""
    most_minutes: float = Field(15.0, gt=0)
    """How long `tenure train heart` may learn."""


class ValueSection(_Section):
    """[value]: what users will be worth."""

    days: int = Field(365, gt=0, le=3650)
    """How far ahead the value to come is counted."""
    discount: float = Field(0.10, ge=0, le=10)
    """What a year's waiting takes off: at 0.10, money in a year is worth 1 / 1.10 of money today."""


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="TENURE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    project: ProjectSection = ProjectSection()
    events: EventsSection = EventsSection()
    items: SideSection = SideSection()
    users: SideSection = SideSection()
    run: RunSection = RunSection()
    predict: PredictSection = PredictSection()
    heart: HeartSection = HeartSection()
    value: ValueSection = ValueSection()
    domain: dict[str, Any] = Field(default_factory=dict)
    """[domain]: changes to the chosen domain, or a whole new one."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment; the file comes last and is added by `parse_settings`."""
        return init_settings, env_settings

    def resolved_domain(self) -> Domain:
        """The domain with all changes of [domain] and [run] applied."""
        changes = dict(self.domain)
        for name in ("slate_length", "horizon_days"):
            value = getattr(self.run, name)
            if value is not None:
                changes[name] = value
        return find_domain(self.project.domain, changes)

    def reading(self) -> NormaliseConfig:
        """How raw records are read."""
        return NormaliseConfig(
            time_format=self.events.time_format,
            max_events_per_hour=self.events.max_events_per_hour,
            duplicates=self.events.duplicates,
        )

    def engine(self) -> DuckDBConfig:
        """What the engine may use of the machine."""
        return DuckDBConfig(threads=self.run.threads, memory_limit=self.run.memory_limit)

    def sources(self) -> tuple[Source, Source | None, Source | None]:
        """Events, items and users as sources; the last two are None when not given.

        Raises:
            ConfigError: no event paths, an unknown preset or field.
        """
        if not self.events.paths:
            raise ConfigError(f"[events] paths: expected at least one path or glob, got none; name it in {FILE_NAME}")
        events = _source("events", self.events)
        items = _source("items", self.items) if self.items.paths else None
        users = _source("users", self.users) if self.users.paths else None
        return events, items, users


def _source(kind: Literal["events", "items", "users"], section: EventsSection | SideSection) -> Source:
    if section.preset is not None and section.preset not in PRESETS:
        raise ConfigError(f"[{kind}] preset: there is no '{section.preset}'; {nearest(section.preset, PRESETS)}")
    check_map(kind, section.columns)
    paths = [section.paths] if isinstance(section.paths, str) else section.paths
    return Source(kind=kind, inputs=paths, columns=section.columns, preset=section.preset, encoding=section.encoding)


def load_settings(folder: Path, **sections: Any) -> Settings:
    """The settings of a project folder.

    Args:
        folder: where tenure.toml lies.
        sections: sections that win over the file, such as `run={"budget": 100}`.

    Raises:
        ConfigError: no file, no valid TOML, an unknown key (with the nearest valid one) or a value of the wrong kind.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        raise ConfigError(
            f"There is no {FILE_NAME} in {folder.resolve()}; write one with `tenure init`, or go to its folder"
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    return parse_settings(content, str(path), **sections)


def stored_settings(content: dict[str, Any]) -> Settings:
    """The settings that a manifest holds: neither file nor environment is asked."""

    class Stored(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            *given: PydanticBaseSettingsSource,
            **more: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (InitSettingsSource(settings_cls, init_kwargs=content),)

    return Stored()


def parse_settings(content: dict[str, Any], origin: str, **sections: Any) -> Settings:
    """Settings from a mapping of sections; see `load_settings`."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            *given: PydanticBaseSettingsSource,
            **more: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = super().settings_customise_sources(settings_cls, *given, **more)
            return *sources, InitSettingsSource(settings_cls, init_kwargs=content)

    try:
        settings = Layered(**sections)
    except ValidationError as error:
        raise ConfigError(f"{origin}: {_explain(error)}") from None
    except SettingsError as error:
        raise ConfigError(f"environment: {error}; a setting is written like TENURE_RUN__BUDGET=500") from None
    settings.resolved_domain()
    return settings


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    where = f"[{place[0]}] {'.'.join(place[1:])}".strip()
    if first["type"] == "extra_forbidden":
        section = Settings.model_fields.get(place[0]) if len(place) > 1 else None
        model = section.annotation if section is not None else Settings
        known = (
            model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else Settings.model_fields
        )
        return f"there is no setting '{'.'.join(place)}'; {nearest(place[-1], known)}"
    return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}, got {first['input']!r}"
