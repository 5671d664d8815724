"""Which settings the product reads."""

import importlib
import inspect

from pydantic_settings import BaseSettings

from shared.settings import environment_names
from tests.architecture.source import python_files


def settings_read() -> set[str]:
    """The name of every environment variable that a settings class of the product reads."""
    return {name for settings in settings_classes() for name in environment_names(settings)}


def settings_classes() -> list[type[BaseSettings]]:
    """Every settings class of the product."""
    classes = []
    for file in python_files("services", "shared"):
        if file.rpartition("/")[2] == "settings.py":
            module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
            for _, found in inspect.getmembers(module, inspect.isclass):
                if issubclass(found, BaseSettings) and found.__module__ == module.__name__:
                    classes.append(found)
    return classes
