"""Composition of conf/ by Hydra, byte for byte as `dvc exp run` writes it."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from numerai_rounds.base.errors import ConfigurationError, some
from numerai_rounds.io.files import paths
from numerai_rounds.io.files.yaml_files import parsed, read_yaml
from numerai_rounds.io.machine import root

CONFIG_NAME = "config"


def _check_files(conf: Path) -> None:
    """Refuse files that Hydra would go through without end, and keys given twice, of which it would take one."""
    for folder, _, files in os.walk(conf):
        for path in (Path(folder, name) for name in files if name.endswith(".yaml") and not name.startswith(".")):
            if not path.is_file():
                raise ConfigurationError(f"{path} is no file. Put one there, or remove it.")
            try:
                parsed(path.read_text(encoding="utf-8"))
            except yaml.YAMLError:
                continue  # Hydra says more
            except ValueError as error:
                raise ConfigurationError(f"{path} is no YAML: {error}. Put it right.") from None


def compose(conf: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The configuration that `conf` and Hydra `overrides` make, interpolations resolved."""
    return dict(OmegaConf.to_container(_composed(conf, overrides)))  # type: ignore[arg-type]


def compose_text(conf: Path, overrides: Sequence[str] = ()) -> str:
    """The content of params.yaml."""
    return OmegaConf.to_yaml(_composed(conf, overrides))


def check_params(beside: str | None = None, overrides: Sequence[str] = ()) -> None:
    """Refuse a params.yaml that is not what conf/ and Hydra `overrides` make; `beside` names what may differ."""
    text = compose_text(paths.CONF, overrides)
    if paths.PARAMS.is_file() and paths.PARAMS.read_bytes() == text.encode():
        return
    apart = differences(compose(paths.CONF, overrides), read_yaml(paths.PARAMS))
    if beside is not None:
        apart = {key: values for key, values in apart.items() if key.partition(".")[0] != beside}
        if not apart:
            return
    what = some(f"{key} (conf/: {ours!r}, params.yaml: {theirs!r})" for key, (ours, theirs) in apart.items())
    raise ConfigurationError(
        f"params.yaml and conf/ differ in {what or 'form'}. "
        "Run `rounds compose` to follow conf/, or `rounds promote` to keep what params.yaml says."
    )


def _composed(conf: Path, overrides: Sequence[str]) -> DictConfig:
    root.check_conf(conf)
    _check_files(conf)
    try:
        with initialize_config_dir(str(conf.resolve()), version_base=None):
            config = hydra_compose(config_name=CONFIG_NAME, overrides=list(overrides))
        _refuse_resolvers(config)
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(_reason(error, conf, overrides)) from None
    except RecursionError:
        raise ConfigurationError("conf/ does not compose: a value is nested too deeply. Write it flat.") from None
    return config


def _refuse_resolvers(config: DictConfig) -> None:
    """Refuse `${oc.env:HOME}`, `${now:%H}` and the like: what they give is in no commit."""
    for path, value in leaves(OmegaConf.to_container(config, resolve=False)):  # type: ignore[arg-type]
        if isinstance(value, str) and re.search(r"\$\{[^}]*:", value):
            raise ConfigurationError(
                f"{'.'.join(path)} is {value}, which no commit would hold. Write the value itself."
            )


def _reason(error: Exception, conf: Path, overrides: Sequence[str]) -> str:
    """What Hydra found, in one sentence."""
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        causes += [line.strip() for line in str(cause).partition("Config search path")[0].splitlines() if line.strip()]
        cause = cause.__cause__
    unknown = re.match(r"Could not (override|delete from config\.) '(.+?)'", causes[0])
    chosen = _presets(conf, overrides)
    if unknown and chosen != list(overrides):
        from numerai_rounds.conf import key_hints  # noqa: PLC0415 - the guard starts faster without it

        here = compose(conf, chosen)
        present = [".".join(map(str, path)) for path, value in leaves(here) if value != {}]
        if unknown[1] == "override":
            return key_hints.to_change(unknown[2], here, present, list(groups(conf)))
        return key_hints.to_delete(unknown[2], here, present)
    return f"conf/ does not compose: {' '.join(dict.fromkeys(causes))}"


def _presets(conf: Path, overrides: Sequence[str]) -> list[str]:
    """Those of `overrides` that choose presets, which decide what keys there are."""
    options = groups(conf)
    return [text for text in overrides if text.partition("=")[2] in options.get(text.partition("=")[0], [])]


def groups(conf: Path) -> dict[str, list[str]]:
    """Each group of `conf` with its options."""
    folders = sorted(path for path in conf.iterdir() if path.is_dir())
    return {folder.name: sorted(file.stem for file in folder.glob("[!.]*.yaml")) for folder in folders}


def leaves(tree: Mapping[str, Any], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a nested mapping with its path; an empty mapping is a value."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*prefix, key))
        else:
            yield (*prefix, key), value


MISSING = "(absent)"


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Dotted keys whose values differ, with both values; `MISSING` for an absent one."""
    ours, theirs = dict(leaves(left)), dict(leaves(right))
    return {
        ".".join(map(str, path)): (ours.get(path, MISSING), theirs.get(path, MISSING))
        for path in dict.fromkeys([*ours, *theirs])
        if ours.get(path, MISSING) != theirs.get(path, MISSING)
    }
