"""Which settings the product reads."""

import importlib
import inspect

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from tests.architecture.source import python_files


def settings_read() -> set[str]:
    """The name of every environment variable that a settings class of the product reads."""
    names: set[str] = set()
    for file in python_files("services", "shared"):
        if file.rpartition("/")[2] == "settings.py":
            module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
            for _, found in inspect.getmembers(module, inspect.isclass):
                if issubclass(found, BaseSettings) and found.__module__ == module.__name__:
                    names |= _names_of(found)
    return names


def _names_of(settings: type[BaseSettings]) -> set[str]:
    names: set[str] = set()
    for field_name, field in settings.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            names |= {str(choice) for choice in alias.choices}
        elif alias is not None:
            names.add(str(alias))
        else:
            names.add(f"{settings.model_config.get('env_prefix', '')}{field_name}".upper())
    return names
