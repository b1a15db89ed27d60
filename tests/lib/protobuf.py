"""Protobuf messages, decoded by the published schema alone: any reader of a log can do the same. Nothing of homeportd's code is in here.

A message becomes a dictionary of its fields by name. Fields that are not there have proto3's defaults; bytes stay bytes."""

import re
import struct
from functools import cache
from pathlib import Path

from .workspace import TOP

SCHEMA = TOP / "docs" / "homeport.proto"
TOKEN = re.compile(r'"[^"]*"|[\w.]+|[{}=;]')
DEFAULTS = {"string": "", "bytes": b"", "bool": False, "double": 0.0}


class Field:
    def __init__(self, name, kind, is_repeated):
        self.name, self.kind, self.is_repeated = name, kind, is_repeated


@cache
def schema(path=SCHEMA):
    """({message: {number: Field}}, {enum: {number: name}}). Enums inside of messages go by their own name."""
    text = re.sub(r"//.*", "", Path(path).read_text())
    tokens = TOKEN.findall(text)
    messages, enums, open_blocks, at = {}, {}, [], 0
    while at < len(tokens):
        word = tokens[at]
        if word in ("message", "enum"):
            open_blocks.append((word, tokens[at + 1]))
            (messages if word == "message" else enums)[tokens[at + 1]] = {}
            at += 3
        elif word == "}":
            open_blocks.pop()
            at += 1
        elif word in ("syntax", "package"):
            at = tokens.index(";", at) + 1
        else:
            at = _read_line(tokens, at, open_blocks[-1], messages, enums)
    return messages, enums


def _read_line(tokens, at, block, messages, enums):
    end = tokens.index(";", at)
    words = [token for token in tokens[at:end] if token != "="]
    if block[0] == "enum":
        enums[block[1]][int(words[1])] = words[0]
    else:
        is_repeated = words[0] == "repeated"
        kind, name, number = words[1:] if is_repeated else words
        messages[block[1]][int(number)] = Field(name, kind, is_repeated)
    return end + 1


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _raw(data, at, wire_type):
    """One field's bytes as they are on the wire, and where the next one begins."""
    if wire_type == 0:
        return _varint(data, at)
    if wire_type == 1:
        return data[at:at + 8], at + 8
    if wire_type == 5:
        return data[at:at + 4], at + 4
    if wire_type != 2:
        raise ValueError(f"wire type {wire_type}")
    length, at = _varint(data, at)
    if at + length > len(data):
        raise ValueError("cut short")
    return data[at:at + length], at + length


def _value(kind, raw):
    messages, enums = schema()
    if kind in messages:
        return decode(kind, raw)
    if kind in enums:
        return enums[kind][raw]
    if kind == "string":
        return raw.decode()
    if kind == "bytes":
        return bytes(raw)
    if kind == "double":
        return struct.unpack("<d", raw)[0]
    if kind == "fixed64":
        return int.from_bytes(raw, "little")
    if kind == "sint64":
        return (raw >> 1) ^ -(raw & 1)
    return bool(raw) if kind == "bool" else raw


def _default(field):
    _, enums = schema()
    if field.is_repeated:
        return []
    if field.kind in enums:
        return enums[field.kind][0]
    return DEFAULTS.get(field.kind, 0 if field.kind[:4] in ("uint", "sint", "fixe") else None)


def decode(message, data):
    fields = schema()[0][message]
    found = {field.name: _default(field) for field in fields.values()}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        raw, at = _raw(data, at, tag & 7)
        field = fields.get(tag >> 3)
        if field is None:
            continue
        value = _value(field.kind, raw)
        if field.is_repeated:
            found[field.name].append(value)
        else:
            found[field.name] = value
    return found
