"""Counts what a judge has found as it should be, and ends it at the first thing that is not."""

import json


def check(what, ok, seen=None):
    if not ok:
        raise SystemExit(f'{what}: not as expected; seen: {seen!r}')
    print(f'  ok  {what}', flush=True)


def refused(what, errors, call):
    try:
        seen = call()
    except errors as e:
        check(f'{what} ({type(e).__name__})', True)
    else:
        check(what, False, seen)


def place():
    """What the environment says about the server: see judges.py."""
    import os
    return {name: os.environ['JUDGE_' + name.upper()] for name in ('url', 'ca', 'auth', 'root', 'work')}


def lines(text):
    """Reads lines of JSON."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]
