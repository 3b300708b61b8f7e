# usage: runscript.py SCRIPT ARGUMENT...
#        runscript.py -m MODULE ARGUMENT...
# Runs a script of NHS-NGS/cgpclient, or a module that runs one. With Debian's packages it adds what the client uses of
# pydantic 2 to pydantic 1, and what it uses of a new boto3 to an old one. With the client's own versions it changes
# nothing.
import importlib
import os
import pkgutil
import runpy
import sys
import types

import boto3
import pydantic

field = pydantic.Field


def new_field(*args, min_length=None, **kwargs):
    return field(*args, **kwargs, **({} if min_length is None else {"min_items": min_length}))


def model_validator(mode):
    def decorate(check):
        def root(cls, values):
            check(types.SimpleNamespace(**values))
            return values

        return pydantic.root_validator(skip_on_failure=True, allow_reuse=True)(root)

    return decorate


if pydantic.VERSION.startswith("1."):
    sys.modules["pydantic.v1"] = pydantic
    for module in pkgutil.iter_modules(pydantic.__path__):
        if module.name not in ("mypy", "_hypothesis_plugin"):
            sys.modules["pydantic.v1." + module.name] = importlib.import_module("pydantic." + module.name)
    pydantic.Field = new_field
    pydantic.model_validator = model_validator
    pydantic.BaseModel.model_validate = classmethod(lambda cls, value: cls.parse_obj(value))
    pydantic.BaseModel.model_dump = pydantic.BaseModel.dict
    pydantic.BaseModel.model_dump_json = pydantic.BaseModel.json

client = boto3.client


def new_client(name, **kwargs):
    made = client(name, endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], **kwargs)
    upload = made.upload_file
    made.upload_file = lambda filename, **kwargs: upload(str(filename), **kwargs)
    return made


if tuple(int(n) for n in boto3.__version__.split(".")[:2]) < (1, 28):
    boto3.client = new_client

sys.argv = sys.argv[1:]
if sys.argv[0] == "-m":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
